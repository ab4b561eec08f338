package kube

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// ContextName is how a cluster's administrator context is called, as in TKG.
func ContextName(cluster string) string { return cluster + "-admin@" + cluster }

// WorkloadKubeconfig gives the administrator kubeconfig of a workload cluster: context NAME-admin@NAME, cluster NAME,
// user NAME-admin. It holds a private key.
func (c *Client) WorkloadKubeconfig(ctx context.Context, namespace, name string) ([]byte, error) {
	key := Key{Namespace: namespace, Name: name + "-kubeconfig"}
	secret := &corev1.Secret{}
	err := c.api.Get(ctx, key, secret)
	if apierrors.IsNotFound(err) {
		cluster := Key{Namespace: namespace, Name: name}
		if _, err := c.Cluster(ctx, cluster); err != nil {
			return nil, err
		}
		return nil, &uerr.Error{
			Code: uerr.NotFound, What: "the cluster has no credentials yet", Object: ClusterName(cluster),
			Cause: errors.New("its control plane's certificates have not been made"),
			Next:  "slipway describe cluster " + name + " shows how far it is",
		}
	}
	if err != nil {
		return nil, c.explain(ctx, fmt.Errorf("read Secret %s: %w", key, err))
	}
	return renameKubeconfig(secret.Data["value"], name)
}

// renameKubeconfig keeps the current context of a kubeconfig and gives it, its cluster and its user TKG's names.
func renameKubeconfig(raw []byte, name string) ([]byte, error) {
	config, err := clientcmd.Load(raw)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig of %s: %w", name, err)
	}
	current, ok := config.Contexts[config.CurrentContext]
	if !ok || config.Clusters[current.Cluster] == nil || config.AuthInfos[current.AuthInfo] == nil {
		return nil, fmt.Errorf("kubeconfig of %s: its current context %q is not complete", name, config.CurrentContext)
	}
	out := api.NewConfig()
	out.Clusters[name] = config.Clusters[current.Cluster]
	out.AuthInfos[name+"-admin"] = config.AuthInfos[current.AuthInfo]
	renamed := current.DeepCopy()
	renamed.Cluster, renamed.AuthInfo = name, name+"-admin"
	out.CurrentContext = ContextName(name)
	out.Contexts[out.CurrentContext] = renamed
	raw, err = clientcmd.Write(*out)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig of %s: %w", name, err)
	}
	return raw, nil
}
