package kube

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// FleetLabel says on a Cluster which fleet's files made it.
const FleetLabel = "slipway.sh/fleet"

// Annotations of a Cluster that is in a fleet.
const (
	ProtectAnnotation = "slipway.sh/protect" // "true": never deleted for not being in a file any more
	askedAnnotation   = "slipway.sh/fleet-asked"
	awaitedAnnotation = "slipway.sh/fleet-awaited"
	appliedAnnotation = "slipway.sh/fleet-applied"
)

const partFleet = "fleet"

// FleetMark is what a fleet notes on each of its Clusters, under a field owner of its own, so that the rest of the
// Cluster is what create cluster makes.
type FleetMark struct {
	Family  string
	Labels  map[string]string // that the file gives the Cluster
	Protect bool
	Applied map[string]any // the Cluster's spec as it was applied last: what live objects are compared with
	Objects []Object       // that were applied beside the Cluster, in its namespace
	Asked   string         // fingerprint of what was asked for; empty until all of it is done
	Awaited bool           // all of it was waited for, too
}

// Mark reads the mark of a Cluster; one without a family is not in a fleet.
func Mark(cluster *clusterv1.Cluster) FleetMark {
	m := FleetMark{
		Family: cluster.Labels[FleetLabel], Protect: cluster.Annotations[ProtectAnnotation] == "true",
		Asked: cluster.Annotations[askedAnnotation], Awaited: cluster.Annotations[awaitedAnnotation] == "true",
	}
	var applied struct {
		Labels  map[string]string `json:"labels"`
		Objects []string          `json:"objects"`
		Spec    map[string]any    `json:"spec"`
	}
	if json.Unmarshal([]byte(cluster.Annotations[appliedAnnotation]), &applied) == nil { // else nothing was applied
		m.Applied, m.Labels = applied.Spec, applied.Labels
	}
	for _, note := range applied.Objects {
		if o, ok := readObjectNote(note, cluster.Namespace); ok {
			m.Objects = append(m.Objects, o)
		}
	}
	return m
}

// DiffMark says what ApplyMark would change, by asking the server to try.
func (c *Client) DiffMark(ctx context.Context, key Key, m FleetMark) ([]Change, error) {
	patch, err := m.patch(key)
	if err != nil {
		return nil, err
	}
	return c.diff(ctx, patch, applyOptions{owner: FieldOwner + "-" + partFleet, dryRun: true})
}

// ApplyMark writes the mark, and takes off what an earlier one had and this one has not.
func (c *Client) ApplyMark(ctx context.Context, key Key, m FleetMark) error {
	patch, err := m.patch(key)
	if err != nil {
		return err
	}
	_, err = c.applyFields(ctx, partFleet, patch, false)
	return err
}

func (m FleetMark) patch(key Key) (*unstructured.Unstructured, error) {
	var objects []string
	for _, o := range m.Objects {
		objects = append(objects, objectNote(o))
	}
	applied, err := json.Marshal(map[string]any{"labels": m.Labels, "objects": objects, "spec": m.Applied})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ClusterName(key), err)
	}
	labels := map[string]string{FleetLabel: m.Family}
	maps.Copy(labels, m.Labels)
	annotations := map[string]string{appliedAnnotation: string(applied)}
	if m.Protect {
		annotations[ProtectAnnotation] = "true"
	}
	if m.Asked != "" {
		annotations[askedAnnotation] = m.Asked
	}
	if m.Awaited {
		annotations[awaitedAnnotation] = "true"
	}
	patch := clusterPatch(key)
	patch.SetLabels(labels)
	patch.SetAnnotations(annotations)
	return patch, nil
}

// Clusters lists the Clusters of all namespaces, in one request.
func (c *Client) Clusters(ctx context.Context) ([]clusterv1.Cluster, error) {
	list := &clusterv1.ClusterList{}
	if err := c.api.List(ctx, list); err != nil {
		return nil, c.explain(ctx, fmt.Errorf("list Clusters: %w", err))
	}
	return list.Items, nil
}

// SpecOf is the spec of a Cluster in JSON's own types.
func SpecOf(cluster *clusterv1.Cluster) (map[string]any, error) {
	raw, err := json.Marshal(cluster.Spec)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ClusterName(client.ObjectKeyFromObject(cluster)), err)
	}
	var out map[string]any
	return out, json.Unmarshal(raw, &out)
}

// CompareSpec lists what makes a live spec another than the one wanted, without asking the server: each field that is
// wanted, and each that was applied before and is wanted no more. What somebody else added, such as a default, is left.
func CompareSpec(name string, live, applied, wanted map[string]any) []Change {
	have, had, want := map[string]string{}, map[string]string{}, map[string]string{}
	flatten("spec", live, have)
	flatten("spec", applied, had)
	flatten("spec", wanted, want)
	var out []Change
	for field, value := range want {
		if have[field] != value {
			out = append(out, Change{Object: name, Field: field, From: have[field], To: value})
		}
	}
	for field := range had {
		if _, still := want[field]; !still && have[field] != "" {
			out = append(out, Change{Object: name, Field: field, From: have[field]})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Field, b.Field) })
	return out
}
