package kube

import (
	"crypto/sha256"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestSeal(t *testing.T) {
	asked := func(password string) Source {
		return func(key []byte) []byte {
			sum := sha256.Sum256(append([]byte(password), key...))
			return sum[:]
		}
	}
	made := func(live *corev1.Secret) (identity, other *corev1.Secret) {
		identity = &corev1.Secret{Data: map[string][]byte{"password": []byte("a")}}
		other = &corev1.Secret{Data: map[string][]byte{"manifest": []byte("b")}}
		Seal(identity, []*corev1.Secret{other}, live, asked("a"))
		return identity, other
	}
	identity, other := made(nil)
	if again, _ := made(identity); again.Annotations[sealAnnotation] != identity.Annotations[sealAnnotation] {
		t.Error("the same credentials under the key that is there give another seal, so that every apply would write")
	}
	if fresh, _ := made(nil); fresh.Annotations[sealAnnotation] == identity.Annotations[sealAnnotation] {
		t.Error("two clusters have one key")
	}
	if len(other.Data) != 1 {
		t.Error("a Secret that is applied in the cluster got the key")
	}
	edited := other.DeepCopy()
	edited.Data["manifest"] = []byte("c")
	bare := identity.DeepCopy()
	bare.Annotations = nil
	for name, c := range map[string]struct {
		identity, secret *corev1.Secret
		password, want   string
	}{
		"as asked for":      {identity, identity, "a", ""},
		"the other":         {identity, other, "a", ""},
		"other credentials": {identity, other, "b", SealedCredentials},
		"edited":            {identity, edited, "a", SealedData},
		"not sealed":        {identity, bare, "a", SealedCredentials},
		"no key":            {&corev1.Secret{}, other, "a", SealedCredentials},
	} {
		change, differs := CheckSeal(c.identity, c.secret, asked(c.password))
		if change.Field != c.want || differs != (c.want != "") {
			t.Errorf("%s: %+v", name, change)
		}
	}
}

func TestObjectNotes(t *testing.T) {
	for _, note := range []string{"v1/Secret/dev1-vsphere", "cluster.x-k8s.io/v1beta2/ClusterClass/slipway-test-abc"} {
		o, ok := readObjectNote(note, "ns")
		if back := objectNote(o); !ok || back != note || o.Key.Namespace != "ns" || strings.Contains(o.Key.Name, "/") {
			t.Errorf("%s: %v %s", note, o, back)
		}
	}
	if _, ok := readObjectNote("nonsense", "ns"); ok {
		t.Error("a note without a kind was read")
	}
}
