// Package render turns one cluster as asked for (configuration, plan, what the adapter resolved) into the objects that
// make it: a ClusterClass with its templates, one typed Cluster with a topology, its add-ons, and its Secrets.
//
// It is pure: the same input gives the same bytes, and nothing is read or contacted besides the folders passed in.
// The logic of a cluster is in the ClusterClass; here values are only put where the class expects them.
package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	goyaml "go.yaml.in/yaml/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// Labels that Slipway puts on what it makes.
const (
	LabelManagedBy      = "app.kubernetes.io/managed-by"
	LabelPlan           = "slipway.sh/plan"
	LabelInfrastructure = "slipway.sh/infrastructure"
	managedBy           = "slipway"
)

// PoolName is the topology name of the first worker pool, and PoolClass the class of every pool.
const (
	PoolName  = "md-0"
	PoolClass = "worker"
)

// Separator stands between two documents of YAML.
const Separator = "---\n"

// Input is what a cluster is rendered from.
type Input struct {
	Request        providers.Request
	Values         providers.Values
	Infrastructure string // folder of Templates; empty means the configured one, or the only one there is
	Templates      fs.FS  // templates.FS(), or templates.WithOverrides with the user's
	Addons         fs.FS  // <home>/addons, whose *.yaml every cluster gets; nil means none
}

// Objects is everything that makes one cluster. Secrets are apart so that nothing prints them by mistake.
type Objects struct {
	Namespace *corev1.Namespace            // nil for the namespace default
	Class     []*unstructured.Unstructured // templates first, the ClusterClass last; their names end in a content hash
	Addons    []*unstructured.Unstructured // the adapter's objects, then ConfigMaps and the ClusterResourceSet that applies them in the cluster
	Cluster   *clusterv1.Cluster
	Identity  *corev1.Secret   // the infrastructure's credentials
	Secrets   []*corev1.Secret // other Secrets of the cluster: the credentials of add-ons
	Gate      providers.Gate   // what holds back part of Cluster, which is as it is once that is over; see Closed
	Findings  uerr.Findings    // warnings only
}

// Cluster renders one cluster. The error names every variable that is unknown or missing, at once.
func Cluster(in Input) (*Objects, error) {
	in, err := in.withDefaults()
	if err != nil {
		return nil, err
	}
	class, err := loadClass(in.Templates, in.Infrastructure, in.Values.Class)
	if err != nil {
		return nil, err
	}
	values, err := normalize(in.Values.Variables)
	if err != nil {
		return nil, err
	}
	out := &Objects{Namespace: namespaceOf(in), Identity: identity(in), Gate: in.Values.Gate}
	if err := errors.Join(class.check(values), checkGate(in.Values.Gate, class)); err != nil {
		return nil, err
	}
	out.Class = class.objects(in.Request.Namespace)
	if out.Cluster, err = cluster(in, class, values); err != nil {
		return nil, err
	}
	if err := out.addBeside(in); err != nil {
		return nil, err
	}
	if err := out.addAddons(in, class); err != nil {
		return nil, err
	}
	return out, nil
}

func (in Input) withDefaults() (Input, error) {
	if in.Request.Namespace == "" {
		in.Request.Namespace = metav1.NamespaceDefault
	}
	if in.Infrastructure == "" && in.Request.Config != nil {
		in.Infrastructure = in.Request.Config.String("INFRASTRUCTURE_PROVIDER")
	}
	if in.Infrastructure != "" {
		return in, nil
	}
	folders, err := fs.ReadDir(in.Templates, ".")
	if err != nil {
		return in, fmt.Errorf("list templates: %w", err)
	}
	if len(folders) != 1 {
		return in, errors.New("no infrastructure named, and templates of several")
	}
	in.Infrastructure = folders[0].Name()
	return in, nil
}

// ApplyOrder is every object, Secrets included, in the order in which they are to be applied: what is referred to
// comes before what refers to it, so that no controller waits out a back-off.
func (o *Objects) ApplyOrder() []client.Object {
	var all []client.Object
	if o.Namespace != nil {
		all = append(all, o.Namespace)
	}
	for _, x := range o.Class {
		all = append(all, x)
	}
	if o.Identity != nil {
		all = append(all, o.Identity)
	}
	for _, x := range o.Secrets {
		all = append(all, x)
	}
	for _, x := range o.Addons {
		all = append(all, x)
	}
	return append(all, o.Cluster)
}

// YAML is every object but the Secrets, one document each, in the order of ApplyOrder.
func (o *Objects) YAML() ([]byte, error) {
	documents, err := o.Documents()
	return bytes.Join(documents, []byte(Separator)), err
}

// Documents are the parts of YAML.
func (o *Objects) Documents() ([][]byte, error) {
	var out [][]byte
	for _, object := range o.ApplyOrder() {
		if _, secret := object.(*corev1.Secret); secret {
			continue
		}
		document, err := marshal(object)
		if err != nil {
			return nil, fmt.Errorf("write %s %s: %w", object.GetObjectKind().GroupVersionKind().Kind, object.GetName(), err)
		}
		out = append(out, document)
	}
	return out, nil
}

// marshal writes one object. An untyped one needs no way round by JSON, which takes as long as the writing itself.
func marshal(object any) ([]byte, error) {
	if untyped, ok := object.(*unstructured.Unstructured); ok {
		return goyaml.Marshal(untyped.Object)
	}
	return yaml.Marshal(object)
}

// namespaceOf is nil for the namespace that every cluster has.
func namespaceOf(in Input) *corev1.Namespace {
	if in.Request.Namespace == metav1.NamespaceDefault {
		return nil
	}
	return &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: in.Request.Namespace},
	}
}

// IdentityName is the name of the Secret with a cluster's credentials; the ClusterClass refers to it by the same rule.
func IdentityName(infrastructure, cluster string) string { return cluster + "-" + infrastructure }

func identity(in Input) *corev1.Secret {
	if len(in.Values.Credentials) == 0 {
		return nil
	}
	return secretOf(in, IdentityName(in.Infrastructure, in.Request.Name), in.Values.Credentials)
}

func secretOf(in Input, name string, data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: in.Request.Namespace, Labels: ownLabels(in)},
		Type:       corev1.SecretTypeOpaque,
		Data:       data,
	}
}

// ownLabels is how all objects of one cluster are found again.
func ownLabels(in Input) map[string]string {
	return map[string]string{LabelManagedBy: managedBy, clusterv1.ClusterNameLabel: in.Request.Name}
}
