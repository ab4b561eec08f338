package fleet

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/render"
)

// besideOf names the objects that a cluster has beside its Cluster, as its mark notes them.
func besideOf(o *render.Objects) []kube.Object {
	namespace := o.Cluster.Namespace
	class := kube.Object{
		Kind: clusterv1.GroupVersion.WithKind("ClusterClass"), Key: kube.Key{Namespace: namespace, Name: o.Cluster.Spec.Topology.ClassRef.Name},
	}
	out := []kube.Object{class} // of another version of Slipway it may not be among the objects
	for _, object := range o.ApplyOrder() {
		x := kube.Object{Kind: object.GetObjectKind().GroupVersionKind(), Key: client.ObjectKeyFromObject(object)}
		if x != class && object != client.Object(o.Cluster) && object.GetNamespace() == namespace {
			out = append(out, x)
		}
	}
	return out
}

// damage is what somebody else deleted or edited beside the Cluster.
func (i *Item) damage(m kube.FleetMark) []kube.Change {
	var out []kube.Change
	for _, o := range m.Objects {
		if !i.beside.Has(o) {
			out = append(out, kube.Change{Object: o.String(), From: "deleted", To: "made again"})
		}
	}
	for _, c := range i.seals(m) {
		if c.Field == kube.SealedData {
			out = append(out, c)
		}
	}
	return out
}

// otherSecrets says that other credentials are asked for than those that are there.
func (i *Item) otherSecrets(m kube.FleetMark) []kube.Change {
	var out []kube.Change
	for _, c := range i.seals(m) {
		if c.Field == kube.SealedCredentials {
			out = append(out, c)
		}
	}
	return out
}

// seals compares the Secrets that are there with what is asked for. Without an identity there is nothing to compare by.
func (i *Item) seals(m kube.FleetMark) []kube.Change {
	identity := i.beside.Secret(i.identity())
	if identity == nil || i.desired.Secrets == nil {
		return nil
	}
	var out []kube.Change
	for _, o := range m.Objects {
		if o.Kind != secretKind() {
			continue
		}
		if s := i.beside.Secret(o.Key); s != nil {
			if c, differs := kube.CheckSeal(identity, s, i.desired.Secrets); differs {
				out = append(out, c)
			}
		}
	}
	return out
}

func secretKind() schema.GroupVersionKind { return corev1.SchemeGroupVersion.WithKind("Secret") }

// identity names the Secret with the infrastructure's credentials.
func (i *Item) identity() kube.Key {
	return kube.Key{Namespace: i.Namespace, Name: render.IdentityName(i.desired.Infrastructure, i.Name)}
}
