package providertest

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// usualClass is the file of the ClusterClass that Values.Class leaves unnamed.
const usualClass = "clusterclass"

// class is what a ClusterClass says of its variables.
type class struct {
	name      string
	variables map[string]schema
	required  []string
}

// schema is an OpenAPI schema as YAML gives it.
type schema map[string]any

// class reads a ClusterClass of the adapter's templates; an empty name is the usual one.
func (s Suite) class(t *testing.T, name string) class {
	t.Helper()
	if name == "" {
		name = usualClass
	}
	raw, err := fs.ReadFile(s.Templates, s.Provider.Name()+"/"+name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	for document := range bytes.SplitSeq(raw, []byte("\n---\n")) {
		var object struct {
			Kind string
			Spec struct {
				Variables []struct {
					Name     string
					Required bool
					Schema   struct{ OpenAPIV3Schema schema }
				}
			}
		}
		if err := yaml.Unmarshal(document, &object); err != nil {
			t.Fatal(err)
		}
		if object.Kind != "ClusterClass" {
			continue
		}
		k := class{name: name, variables: map[string]schema{}}
		for _, v := range object.Spec.Variables {
			k.variables[v.Name] = v.Schema.OpenAPIV3Schema
			if v.Required {
				k.required = append(k.required, v.Name)
			}
		}
		return k
	}
	t.Fatalf("%s of the templates holds no ClusterClass", name)
	return class{}
}

// check wants every variable and every field to be defined: Cluster API refuses the others.
func (k class) check(t *testing.T, variables map[string]any) {
	t.Helper()
	for name, value := range variables {
		defined, ok := k.variables[name]
		if !ok {
			t.Errorf("class %s defines no variable %s", k.name, name)
			continue
		}
		for _, problem := range defined.problems(name, value) {
			t.Errorf("class %s: %s", k.name, problem)
		}
	}
}

func (k class) checkRequired(t *testing.T, variables map[string]any) {
	t.Helper()
	for _, name := range k.required {
		if _, ok := variables[name]; !ok {
			t.Errorf("class %s requires variable %s, which is missing", k.name, name)
		}
	}
}

// checkFixed wants the class to define what the adapter says cannot change of it: another name would guard nothing.
func (k class) checkFixed(t *testing.T, names []string) {
	t.Helper()
	for _, name := range names {
		variable, fields, _ := strings.Cut(name, ".")
		at := k.variables[variable]
		for field := range strings.SplitSeq(fields, ".") {
			if field != "" {
				at = at.child("properties").child(field)
			}
		}
		if at == nil {
			t.Errorf("class %s defines no %s, which cannot change", k.name, name)
		}
	}
}

// problems compares names and types; bounds and patterns are for the API server, in the tests of admission.
func (s schema) problems(path string, value any) []string {
	if got := kindOf(value); s["type"] != nil && s["type"] != got && (s["type"] != "integer" || got != "number") {
		return []string{fmt.Sprintf("%s is of type %s and not %v", path, got, s["type"])}
	}
	switch value := value.(type) {
	case map[string]any:
		return s.problemsOfFields(path, value)
	case []any:
		var all []string
		for n, item := range value {
			all = append(all, s.child("items").problems(fmt.Sprintf("%s[%d]", path, n), item)...)
		}
		return all
	}
	return nil
}

func (s schema) problemsOfFields(path string, fields map[string]any) []string {
	var all []string
	properties, additional := s.child("properties"), s.child("additionalProperties")
	for name, value := range fields {
		switch defined := properties.child(name); {
		case defined != nil:
			all = append(all, defined.problems(path+"."+name, value)...)
		case additional != nil:
			all = append(all, additional.problems(path+"."+name, value)...)
		case s["x-kubernetes-preserve-unknown-fields"] != true:
			all = append(all, fmt.Sprintf("%s has no field %s", path, name))
		}
	}
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := fields[fmt.Sprint(name)]; !ok {
			all = append(all, fmt.Sprintf("%s lacks its required field %v", path, name))
		}
	}
	slices.Sort(all)
	return all
}

func (s schema) child(key string) schema {
	child, _ := s[key].(map[string]any)
	return child
}

// kindOf is a JSON value's type in the words of OpenAPI.
func kindOf(value any) string {
	switch value.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	}
	return fmt.Sprintf("%T", value)
}
