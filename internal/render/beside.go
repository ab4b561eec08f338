package render

import (
	"errors"
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// addBeside adds the objects of the adapter, such as an identity that points to the Secret with the credentials. They are
// of the one cluster, so they are in its namespace and have its labels, and they come and go with its add-ons.
func (o *Objects) addBeside(in Input) error {
	for _, content := range in.Values.Objects {
		object := (&unstructured.Unstructured{Object: content}).DeepCopy()
		switch {
		case object.GetKind() == "" || object.GetName() == "":
			return errors.New("an object of the adapter has no kind or no metadata.name")
		case object.GetKind() == "Secret":
			return fmt.Errorf("secret %s is among the objects that are printed", object.GetName())
		}
		object.SetNamespace(in.Request.Namespace)
		labels := ownLabels(in)
		maps.Copy(labels, object.GetLabels())
		object.SetLabels(labels)
		o.Addons = append(o.Addons, object)
	}
	return nil
}
