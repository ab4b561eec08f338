package fleet_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/kube/kubetest"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/render"
)

// withPassword is a cluster whose credentials, and whose add-on, hold a password.
func (b bench) withPassword(name, password string) *fleet.Desired {
	d := b.want(name, "1", nil)
	d.Secrets = func(key []byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(password))
		return h.Sum(nil)
	}
	d.Resolve = func(context.Context, *clusterv1.Cluster) (*fleet.Resolved, error) {
		o := b.objects(name, nil)
		o.Identity.Data["password"] = []byte(password)
		other := o.Identity.DeepCopy()
		other.Name = name + "-addon"
		o.Secrets = []*corev1.Secret{other}
		o.Addons = []*unstructured.Unstructured{addonOf(o)}
		return &fleet.Resolved{Objects: o}, nil
	}
	return d
}

func addonOf(o *render.Objects) *unstructured.Unstructured {
	c := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"a": "b"}}}
	c.SetNamespace(o.Cluster.Namespace)
	c.SetName(o.Cluster.Name + "-cni")
	c.SetLabels(o.Cluster.Labels)
	return c
}

// testBeside has credentials change, and somebody else spoil one after the other of the objects beside the Cluster.
func testBeside(t *testing.T, b bench) {
	d := b.withPassword("a", "first-word")
	b.apply(t, d)
	expect(t, b.plan(t, d), "leave a")
	before, err := b.client.Cluster(t.Context(), d.Key)
	must(t, err)

	d = b.withPassword("a", "second-word")
	b.mended(t, d, false, "Secret f-beside/a-test credentials", "Secret f-beside/a-addon credentials")
	for _, name := range []string{"a-test", "a-addon"} {
		if s := b.secret(t, name); string(s.Data["password"]) != "second-word" {
			t.Errorf("%s was not written: %v", name, s.Annotations)
		}
	}
	after, err := b.client.Cluster(t.Context(), d.Key)
	must(t, err)
	if before.Generation != after.Generation {
		t.Error("other credentials changed the spec of the Cluster")
	}

	for _, name := range []string{"a-test", "a-addon"} {
		s := b.secret(t, name)
		s.Data["password"] = []byte("third-word")
		must(t, b.client.API().Update(t.Context(), s))
		b.mended(t, d, true, "Secret f-beside/"+name+" data")
	}
	for _, o := range []client.Object{
		&corev1.Secret{TypeMeta: b.objects("a", nil).Identity.TypeMeta, ObjectMeta: b.secret(t, "a-addon").ObjectMeta},
		addonOf(b.objects("a", nil)), kubetest.Class(b.namespace)[0], kubetest.Class(b.namespace)[1],
	} {
		must(t, b.client.API().Delete(t.Context(), o))
		b.mended(t, d, true, kube.ObjectName(o)+": deleted")
	}
	must(t, b.client.API().Delete(t.Context(), b.secret(t, "a-test")))
	b.mended(t, d, true, "Secret f-beside/a-test: deleted") // the key is gone with it, so that the others cannot be told

	single, err := d.Resolve(t.Context(), nil)
	must(t, err)
	run(t, phase.Create(phase.CreateInput{Client: b.client, Objects: single.Objects, Holder: b.run().Holder, Update: true}))
	b.mended(t, d, false, "credentials: of unknown origin")
}

// mended wants a plan to see something that shows no password, and one apply to mend it.
func (b bench) mended(t *testing.T, d *fleet.Desired, drift bool, sees ...string) {
	t.Helper()
	p := b.plan(t, d)
	expect(t, p, "change a")
	text := ""
	for _, c := range p.Items[0].Changes {
		text += c.String() + "\n"
	}
	for _, part := range sees {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
	raw, err := json.Marshal(p)
	must(t, err)
	if p.Items[0].Replaces || strings.Contains(string(raw), "-word") || drift != (len(p.Items[0].Drift) > 0) {
		t.Errorf("replaces %v, drift %v: %s", p.Items[0].Replaces, drift, raw)
	}
	b.apply(t, d)
	b.changes.Store(0)
	expect(t, b.plan(t, d), "leave a")
	b.apply(t, d)
	if n := b.changes.Load(); n != 0 {
		t.Errorf("%d requests that change something, and nothing is to do", n)
	}
}

func (b bench) secret(t *testing.T, name string) *corev1.Secret {
	t.Helper()
	s := &corev1.Secret{}
	must(t, b.client.API().Get(t.Context(), kube.Key{Namespace: b.namespace, Name: name}, s))
	for _, word := range []string{"first-word", "second-word"} {
		if strings.Contains(fmt.Sprint(s.Annotations, s.Labels), word) {
			t.Errorf("%s shows what it holds: %v", name, s.Annotations)
		}
	}
	return s
}
