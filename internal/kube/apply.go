package kube

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// applyOptions says how one object is applied.
type applyOptions struct {
	owner  string // field owner: FieldOwner or FieldOwner-something
	dryRun bool
	force  bool // take fields from owners that are not Slipway
}

// Apply applies objects in order by server-side apply as FieldOwner. A field that somebody else owns is not taken: the
// error names the field and its owner. Fields that Slipway itself owns under another of its names are taken.
func (c *Client) Apply(ctx context.Context, objects ...client.Object) error {
	for _, object := range objects {
		if _, err := c.apply(ctx, object, applyOptions{owner: FieldOwner}); err != nil {
			return err
		}
	}
	return nil
}

// ApplyOwn is Apply for objects that are Slipway's alone, such as the identity Secret: it takes every field.
func (c *Client) ApplyOwn(ctx context.Context, objects ...client.Object) error {
	for _, object := range objects {
		if _, err := c.apply(ctx, object, applyOptions{owner: FieldOwner, force: true}); err != nil {
			return err
		}
	}
	return nil
}

// applyFields applies a part of an object under a name of its own (slipway-PART), so that the rest of the object keeps
// its owners. A part must always hold the same set of fields: server-side apply removes the ones left out.
func (c *Client) applyFields(ctx context.Context, part string, object client.Object, dryRun bool) (*unstructured.Unstructured, error) {
	return c.apply(ctx, object, applyOptions{owner: FieldOwner + "-" + part, dryRun: dryRun})
}

// apply sends one object and gives back what the server made of it.
func (c *Client) apply(ctx context.Context, object client.Object, o applyOptions) (*unstructured.Unstructured, error) {
	desired, err := c.plain(object)
	if err != nil {
		return nil, err
	}
	options := []client.ApplyOption{client.FieldOwner(o.owner)}
	if o.dryRun {
		options = append(options, client.DryRunAll)
	}
	send := func(extra ...client.ApplyOption) (*unstructured.Unstructured, error) {
		answer := desired.DeepCopy() // the client writes the server's answer into what it is given
		err := c.api.Apply(ctx, client.ApplyConfigurationFromUnstructured(answer), slices.Concat(options, extra)...)
		return answer, err
	}
	if o.force {
		answer, err := send(client.ForceOwnership)
		return answer, c.applyError(ctx, desired, err)
	}
	answer, err := send()
	if conflicts := fieldConflicts(err); len(conflicts) > 0 && allOurs(conflicts) {
		answer, err = send(client.ForceOwnership)
	}
	return answer, c.applyError(ctx, desired, err)
}

// plain turns any object into what is sent: no status, no managed fields, nothing that the server fills in.
func (c *Client) plain(object client.Object) (*unstructured.Unstructured, error) {
	gvk, err := apiutil.GVKForObject(object, c.api.Scheme())
	if err != nil {
		return nil, fmt.Errorf("kind of %s: %w", object.GetName(), err)
	}
	raw, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", gvk.Kind, object.GetName(), err)
	}
	out := &unstructured.Unstructured{}
	if err := json.Unmarshal(raw, &out.Object); err != nil {
		return nil, fmt.Errorf("%s %s: %w", gvk.Kind, object.GetName(), err)
	}
	out.SetGroupVersionKind(gvk)
	unstructured.RemoveNestedField(out.Object, "status")
	for _, field := range []string{"managedFields", "resourceVersion", "creationTimestamp", "uid", "generation"} {
		unstructured.RemoveNestedField(out.Object, "metadata", field)
	}
	return out, nil
}

// fieldConflict is one field that somebody else applied.
type fieldConflict struct{ field, owner string }

// fieldConflicts reads the conflicts out of a server's refusal; none when it is another error.
func fieldConflicts(err error) []fieldConflict {
	var status apierrors.APIStatus
	if !apierrors.IsConflict(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	quoted := regexp.MustCompile(`conflict with "([^"]*)"`)
	var out []fieldConflict
	for _, cause := range status.Status().Details.Causes {
		if cause.Type != metav1.CauseTypeFieldManagerConflict {
			continue
		}
		owner := "somebody else"
		if m := quoted.FindStringSubmatch(cause.Message); m != nil {
			owner = m[1]
		}
		out = append(out, fieldConflict{field: strings.TrimPrefix(cause.Field, "."), owner: owner})
	}
	return out
}

func allOurs(conflicts []fieldConflict) bool {
	return !slices.ContainsFunc(conflicts, func(f fieldConflict) bool {
		return f.owner != FieldOwner && !strings.HasPrefix(f.owner, FieldOwner+"-")
	})
}

func (c *Client) applyError(ctx context.Context, object *unstructured.Unstructured, err error) error {
	if err == nil {
		return nil
	}
	name := ObjectName(object)
	conflicts := fieldConflicts(err)
	if len(conflicts) == 0 {
		return c.explain(ctx, fmt.Errorf("apply %s: %w", name, err))
	}
	var lines []string
	for _, f := range conflicts {
		lines = append(lines, fmt.Sprintf("%s is owned by %q", f.field, f.owner))
	}
	return &uerr.Error{
		Code: uerr.Failure, What: "somebody else manages what would change", Object: name,
		Cause: errors.New(strings.Join(lines, "; ")),
		Next:  "make the change with that tool, or let it give the fields up, then type the same command again",
	}
}

// ObjectName is how messages name an object: "Kind namespace/name".
func ObjectName(object client.Object) string {
	kind := object.GetObjectKind().GroupVersionKind().Kind
	if object.GetNamespace() == "" {
		return kind + " " + object.GetName()
	}
	return kind + " " + object.GetNamespace() + "/" + object.GetName()
}

// live reads the object of that kind and key; nil when it is not there, or its kind is not.
func (c *Client) live(ctx context.Context, gvk schema.GroupVersionKind, key Key) (*unstructured.Unstructured, error) {
	return c.read(ctx, c.api, gvk, key)
}

// readInto reads an object into one of its Go type, and says whether it is there.
func (c *Client) readInto(ctx context.Context, from client.Reader, gvk schema.GroupVersionKind, key Key, into client.Object) (bool, error) {
	have, err := c.read(ctx, from, gvk, key)
	if err != nil || have == nil {
		return false, err
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(have.Object, into); err != nil {
		return false, fmt.Errorf("read %s %s: %w", gvk.Kind, key, err)
	}
	return true, nil
}

// read is live from another reader.
func (c *Client) read(ctx context.Context, from client.Reader, gvk schema.GroupVersionKind, key Key) (*unstructured.Unstructured, error) {
	out := &unstructured.Unstructured{}
	out.SetGroupVersionKind(gvk)
	err := from.Get(ctx, key, out)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, c.explain(ctx, fmt.Errorf("read %s %s: %w", gvk.Kind, key, err))
	}
	return out, nil
}
