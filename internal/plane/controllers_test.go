package plane_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestGarbageIsCollectedByOwner(t *testing.T) {
	p := shared.Plane(t)
	c := newClient(t, p)
	ns := p.Namespace(t)
	owner := configMap(ns, "owner")
	if err := c.Create(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	owned := configMap(ns, "owned", metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID})
	if err := c.Create(t.Context(), owned); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the owned object goes", gone(c, owned))
}

func TestGarbageOfAKindThatWasJustInstalledIsCollected(t *testing.T) {
	p := shared.Plane(t)
	c := newClient(t, p)
	ns := p.Namespace(t)
	create(t, c, ns, "definition.yaml")
	owner := &unstructured.Unstructured{}
	owner.SetGroupVersionKind(schema.GroupVersionKind{Group: "planetest.slipway.sh", Version: "v1", Kind: "Thing"})
	owner.SetNamespace(ns)
	owner.SetName("owner")
	eventually(t, "the kind is served", func() (bool, string) {
		err := c.Create(t.Context(), owner.DeepCopy())
		return err == nil, errText(err)
	})
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(owner), owner); err != nil {
		t.Fatal(err)
	}
	owned := configMap(ns, "owned", metav1.OwnerReference{APIVersion: "planetest.slipway.sh/v1", Kind: "Thing", Name: "owner", UID: owner.GetUID()})
	if err := c.Create(t.Context(), owned); err != nil {
		t.Fatal(err)
	}
	// Foreground: the owner itself may only go after what it owns, which needs the collector to watch its kind.
	if err := c.Delete(t.Context(), owner, client.PropagationPolicy(metav1.DeletePropagationForeground)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the owner goes", gone(c, owner))
	eventually(t, "the owned object goes", gone(c, owned))
}

func TestNamespaceDeletionCompletes(t *testing.T) {
	p := shared.Plane(t)
	c := newClient(t, p)
	ns := p.Namespace(t)
	inside := configMap(ns, "inside")
	if err := c.Create(t.Context(), inside); err != nil {
		t.Fatal(err)
	}
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}
	if err := c.Delete(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the namespace goes", gone(c, object))
}

func TestClusterRolesAreAggregated(t *testing.T) {
	p := shared.Plane(t)
	c := newClient(t, p)
	labels := map[string]string{"planetest.slipway.sh/aggregate": "yes"}
	sum := &rbacv1.ClusterRole{
		ObjectMeta:      metav1.ObjectMeta{Name: "planetest-sum"},
		AggregationRule: &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: labels}}},
	}
	part := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "planetest-part", Labels: labels},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"planetest"}, Resources: []string{"things"}, Verbs: []string{"get"}}},
	}
	for _, role := range []*rbacv1.ClusterRole{sum, part} {
		if err := c.Create(t.Context(), role); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the part's rule is in the sum", func() (bool, string) {
		err := c.Get(t.Context(), client.ObjectKeyFromObject(sum), sum)
		return err == nil && len(sum.Rules) == 1 && sum.Rules[0].APIGroups[0] == "planetest", errText(err)
	})
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
