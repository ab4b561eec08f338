package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// healthCheckView is one health check as -o json shows it, in TKG's shape.
type healthCheckView struct {
	Name      string                             `json:"name"`
	Namespace string                             `json:"namespace"`
	Spec      clusterv1.MachineHealthCheckSpec   `json:"spec"`
	Status    clusterv1.MachineHealthCheckStatus `json:"status"`
}

func newGetMachineHealthCheck(d *Deps) *cobra.Command {
	var namespace, mhcName string
	cmd := &cobra.Command{
		Use:     "machinehealthcheck CLUSTER",
		Aliases: machineHealthCheckAliases(),
		Short:   "Show which machines of a cluster are replaced when they are unhealthy, and when",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGetMachineHealthCheck(cmd.Context(), d, args[0], namespace, mhcName)
		},
	}
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "namespace of the cluster (default NAMESPACE of the configuration)")
	cmd.Flags().StringVar(&mhcName, "mhc-name", "", "only the machine health check of this name")
	completeFirst(cmd, d.clusterNames)
	bindOutput(cmd, d)
	return cmd
}

func runGetMachineHealthCheck(ctx context.Context, d *Deps, name, namespace, mhcName string) error {
	h, err := loadHealthChecks(ctx, d, namespace, name)
	if err != nil {
		return err
	}
	if mhcName != "" {
		object, ok := h.named(mhcName)
		if !ok {
			return h.notFound(mhcName)
		}
		h.objects = []clusterv1.MachineHealthCheck{*object}
	}
	r := view.Result{
		Columns: append(view.Columns("NAME", "NAMESPACE", "MACHINES", "HEALTHY", "NODE-STARTUP", "UNHEALTHY-CONDITIONS"),
			view.Column{Name: "SELECTOR", Wide: true}),
	}
	data := []healthCheckView{}
	for i := range h.objects {
		o := &h.objects[i]
		data = append(data, healthCheckView{o.Name, o.Namespace, o.Spec, o.Status})
		r.Rows = append(r.Rows, healthRow(o))
		r.Names = append(r.Names, "machinehealthcheck.cluster.x-k8s.io/"+o.Name)
	}
	r.Data = data
	return d.print(r)
}

func healthRow(o *clusterv1.MachineHealthCheck) []string {
	machines := "pool " + poolOf(o)
	if poolOf(o) == "" {
		machines = "control plane"
		if !fromTopology(o) {
			machines = "by labels"
		}
	}
	expected, healthy := int32(0), int32(0)
	if o.Status.ExpectedMachines != nil {
		expected = *o.Status.ExpectedMachines
	}
	if o.Status.CurrentHealthy != nil {
		healthy = *o.Status.CurrentHealthy
	}
	var conditions, labels []string
	for _, c := range o.Spec.Checks.UnhealthyNodeConditions {
		conditions = append(conditions, fmt.Sprintf("%s:%s:%s", c.Type, c.Status, seconds(c.TimeoutSeconds)))
	}
	for key, value := range o.Spec.Selector.MatchLabels {
		labels = append(labels, key+"="+value)
	}
	slices.Sort(labels)
	return []string{
		o.Name, o.Namespace, machines, fmt.Sprintf("%d/%d", healthy, expected),
		seconds(o.Spec.Checks.NodeStartupTimeoutSeconds), none(strings.Join(conditions, ",")), strings.Join(labels, ","),
	}
}

// seconds is a duration without the zeroes that Go prints behind it.
func seconds(n *int32) string {
	if n == nil {
		return "<default>"
	}
	text := (time.Duration(*n) * time.Second).String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}
