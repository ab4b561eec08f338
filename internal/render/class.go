package render

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// usualClass is the file, without its ending, of the class that a cluster has unless its adapter says otherwise.
const usualClass = "clusterclass"

// class is a ClusterClass and the templates it refers to, as they are in the file.
type class struct {
	file        string
	definitions []*unstructured.Unstructured // CustomResourceDefinitions of templates that the infrastructure provider lacks
	templates   []*unstructured.Unstructured
	root        *unstructured.Unstructured // the ClusterClass itself
	hash        string                     // 8 hexadecimal digits over the content of all of them
}

func loadClass(templates fs.FS, infrastructure, name string) (*class, error) {
	if name == "" {
		name = usualClass
	}
	c := &class{file: path.Join(infrastructure, name+".yaml")}
	documents, err := readDocuments(templates, c.file)
	if err != nil {
		return nil, err
	}
	for _, d := range documents {
		switch {
		case d.GetKind() == "CustomResourceDefinition":
			c.definitions = append(c.definitions, d)
		case d.GetKind() != "ClusterClass":
			c.templates = append(c.templates, d)
		case c.root != nil:
			return nil, fmt.Errorf("%s: more than one ClusterClass", c.file)
		default:
			c.root = d
		}
	}
	if c.root == nil {
		return nil, fmt.Errorf("%s: no ClusterClass", c.file)
	}
	if c.hash, err = contentHash(documents); err != nil {
		return nil, fmt.Errorf("%s: %w", c.file, err)
	}
	return c, c.rename()
}

// readDocuments reads a file of Kubernetes objects; empty documents are skipped.
func readDocuments(from fs.FS, name string) ([]*unstructured.Unstructured, error) {
	data, err := fs.ReadFile(from, name)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	var out []*unstructured.Unstructured
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for n := 1; ; n++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		object := &unstructured.Unstructured{}
		if err := utilyaml.Unmarshal(document, &object.Object); err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", name, n, err)
		}
		if len(object.Object) == 0 {
			continue
		}
		if object.GetKind() == "" || object.GetName() == "" {
			return nil, fmt.Errorf("%s: document %d: no kind or no metadata.name", name, n)
		}
		out = append(out, object)
	}
}

// contentHash depends on what the documents say, and on neither their comments nor their layout.
func contentHash(documents []*unstructured.Unstructured) (string, error) {
	sum := sha256.New()
	for _, d := range documents {
		canonical, err := json.Marshal(d.Object)
		if err != nil {
			return "", err
		}
		sum.Write(canonical)
		sum.Write([]byte{'\n'})
	}
	return hex.EncodeToString(sum.Sum(nil)[:4]), nil
}

func (c *class) name() string { return c.root.GetName() }

// managed says whether the cloud runs the control plane, so that there are no machines of it to count or to check.
func (c *class) managed() bool {
	_, machines, _ := unstructured.NestedMap(c.root.Object, "spec", "controlPlane", "machineInfrastructure")
	return !machines
}

// machinePools says whether the class has its pools as MachinePools and none as MachineDeployments.
func (c *class) machinePools() bool {
	return c.hasPoolClass("machinePools") && !c.hasPoolClass("machineDeployments")
}

func (c *class) hasPoolClass(list string) bool {
	pools, _, _ := unstructured.NestedSlice(c.root.Object, "spec", "workers", list)
	return slices.ContainsFunc(pools, func(item any) bool {
		pool, _ := item.(map[string]any)
		return text(pool["class"]) == PoolClass
	})
}

// rename gives every object the hash as a suffix, and every reference of the class the new name.
func (c *class) rename() error {
	known := map[string]bool{}
	for _, t := range c.templates {
		known[t.GetKind()+"/"+t.GetName()] = true
		t.SetName(t.GetName() + "-" + c.hash)
	}
	c.root.SetName(c.root.GetName() + "-" + c.hash)
	return eachReference(c.root.Object["spec"], func(ref map[string]any) error {
		kind, name := text(ref["kind"]), text(ref["name"])
		if !known[kind+"/"+name] {
			return fmt.Errorf("%s: the ClusterClass refers to %s %q, which is not in the file", c.file, kind, name)
		}
		ref["name"] = name + "-" + c.hash
		return nil
	})
}

// eachReference visits every templateRef below a node.
func eachReference(node any, visit func(map[string]any) error) error {
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			if err := eachReference(item, visit); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(n)) {
			ref, isMap := n[key].(map[string]any)
			if key == "templateRef" && isMap {
				if err := visit(ref); err != nil {
					return err
				}
				continue
			}
			if err := eachReference(n[key], visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// objects gives the definitions, the templates, then the class, labelled as ours and all but the first in one namespace.
func (c *class) objects(namespace string) []*unstructured.Unstructured {
	for _, o := range append(slices.Clone(c.templates), c.root) {
		o.SetNamespace(namespace)
	}
	all := append(slices.Concat(c.definitions, c.templates), c.root)
	for _, o := range all {
		labels := o.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[LabelManagedBy] = managedBy
		o.SetLabels(labels)
	}
	return all
}

// check names every variable that the class does not have, and every one that it requires and that has no value.
func (c *class) check(values map[string]any) error {
	_, required, err := c.variables()
	if err != nil {
		return err
	}
	problems := []error{c.checkDefined(values)}
	for _, name := range required {
		if _, set := values[name]; !set {
			problems = append(problems, fmt.Errorf("variable %q has no value, and %s requires it", name, c.file))
		}
	}
	return errors.Join(problems...)
}

// checkDefined names every variable that the class does not have.
func (c *class) checkDefined(values map[string]any) error {
	defined, _, err := c.variables()
	if err != nil {
		return err
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !defined[name] {
			problems = append(problems, fmt.Errorf("variable %q has a value, and %s does not define it", name, c.file))
		}
	}
	return errors.Join(problems...)
}

func (c *class) variables() (defined map[string]bool, required []string, err error) {
	list, _, err := unstructured.NestedSlice(c.root.Object, "spec", "variables")
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.file, err)
	}
	defined = map[string]bool{}
	for _, item := range list {
		variable, ok := item.(map[string]any)
		if !ok {
			return nil, nil, fmt.Errorf("%s: spec.variables holds something that is no variable", c.file)
		}
		name := text(variable["name"])
		defined[name] = true
		if variable["required"] == true {
			required = append(required, name)
		}
	}
	return defined, required, nil
}

func text(v any) string {
	s, _ := v.(string)
	return strings.TrimSpace(s)
}
