package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Inventory is which of Slipway's own objects were in a management cluster at one moment.
type Inventory struct {
	there   map[Object]bool
	secrets map[Key]*corev1.Secret
}

// Inventory lists the objects of some kinds that carry our label, in one request for each kind. Of Secrets it reads the
// content too. A kind that the server does not know has no objects.
func (c *Client) Inventory(ctx context.Context, kinds []schema.GroupVersionKind) (*Inventory, error) {
	v := &Inventory{there: map[Object]bool{}, secrets: map[Key]*corev1.Secret{}}
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for _, kind := range kinds {
		all.Go(func() {
			keys, secrets, err := c.ours(ctx, kind)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && !absent(err) {
				failed = errors.Join(failed, c.explain(ctx, fmt.Errorf("list %s: %w", kind.Kind, err)))
			}
			for _, key := range keys {
				v.there[Object{kind, key}] = true
			}
			for i := range secrets {
				v.secrets[client.ObjectKeyFromObject(&secrets[i])] = &secrets[i]
			}
		})
	}
	all.Wait()
	return v, failed
}

// ours lists one kind; what is being deleted is as good as gone.
func (c *Client) ours(ctx context.Context, kind schema.GroupVersionKind) ([]Key, []corev1.Secret, error) {
	var keys []Key
	if kind == corev1.SchemeGroupVersion.WithKind("Secret") {
		list := &corev1.SecretList{}
		err := c.api.List(ctx, list, client.MatchingLabels{ManagedByLabel: FieldOwner})
		for i := range list.Items {
			if list.Items[i].DeletionTimestamp == nil {
				keys = append(keys, client.ObjectKeyFromObject(&list.Items[i]))
			}
		}
		return keys, list.Items, err
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	err := c.api.List(ctx, list, client.MatchingLabels{ManagedByLabel: FieldOwner})
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp == nil {
			keys = append(keys, client.ObjectKeyFromObject(&list.Items[i]))
		}
	}
	return keys, nil, err
}

// Has says whether an object was there.
func (v *Inventory) Has(o Object) bool { return v != nil && v.there[o] }

// Secret gives a Secret that was there, or nil.
func (v *Inventory) Secret(key Key) *corev1.Secret {
	if v == nil {
		return nil
	}
	return v.secrets[key]
}

// objectNote is an object of a Cluster's namespace in the Cluster's annotation: "v1/Secret/dev1-vsphere".
func objectNote(o Object) string {
	version, kind := o.Kind.ToAPIVersionAndKind()
	return version + "/" + kind + "/" + o.Key.Name
}

// readObjectNote is objectNote backwards; what cannot be read is another version's note, and nothing is known of it.
func readObjectNote(note, namespace string) (Object, bool) {
	rest, name, named := cutLast(note)
	version, kind, typed := cutLast(rest)
	return Object{schema.FromAPIVersionAndKind(version, kind), Key{Namespace: namespace, Name: name}}, named && typed
}

func cutLast(text string) (before, after string, found bool) {
	if i := strings.LastIndexByte(text, '/'); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}
