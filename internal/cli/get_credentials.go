package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

type getCredentialsOptions struct {
	namespace  string
	exportFile string
}

// credentials is what -o json shows: where they are, never what they are.
type credentials struct {
	Cluster string `json:"cluster"`
	Context string `json:"context"`
	File    string `json:"file"`
}

func newGetCredentials(d *Deps) *cobra.Command {
	var o getCredentialsOptions
	cmd := &cobra.Command{
		Use:   "credentials NAME",
		Short: "Put the administrator context of a cluster into the kubeconfig",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGetCredentials(cmd.Context(), d, args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of the cluster (default NAMESPACE of the configuration)")
	flags.StringVar(&o.exportFile, "export-file", "", "kubeconfig to put it into (default $KUBECONFIG or ~/.kube/config)")
	completeFirst(cmd, d.clusterNames)
	bindOutput(cmd, d)
	return cmd
}

func runGetCredentials(ctx context.Context, d *Deps, name string, o getCredentialsOptions) error {
	client, key, err := d.onCluster(o.namespace, name)
	if err != nil {
		return err
	}
	kubeconfig, err := client.WorkloadKubeconfig(ctx, key.Namespace, key.Name)
	if err != nil {
		return err
	}
	path := o.exportFile
	if path == "" {
		path = kube.KubeconfigPath(d.Environ)
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	if err := kube.MergeContext(path, kube.ContextName(name), kubeconfig); err != nil {
		return err
	}
	if o.exportFile != "" {
		if err := kube.SetCurrentContext(path, kube.ContextName(name)); err != nil {
			return err
		}
	}
	d.View.Info("Credentials of cluster %s are in %s.", name, path)
	d.View.Info("Use them with: %s", d.useContext(path, name, o.exportFile != ""))
	if d.format == view.TableFormat {
		return nil
	}
	result := credentials{Cluster: name, Context: kube.ContextName(name), File: path}
	return d.print(view.Result{
		Columns: view.Columns("CLUSTER", "CONTEXT", "FILE"),
		Rows:    [][]string{{result.Cluster, result.Context, result.File}},
		Data:    result,
		Names:   []string{"context/" + result.Context},
	})
}

// useContext is what to type next. A rehearsal has a kubeconfig of its own, and its clusters are behind its proxy.
func (d *Deps) useContext(path, name string, exported bool) string {
	if d.env(rehearsing) != "" {
		return fmt.Sprintf("HTTPS_PROXY=%s kubectl --kubeconfig %s --context %s get nodes", d.env("HTTPS_PROXY"), path, kube.ContextName(name))
	}
	if exported {
		return "kubectl --kubeconfig " + path + " get nodes"
	}
	return "kubectl config use-context " + kube.ContextName(name)
}
