package fleet

import (
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// fixed says whether a field of a Cluster is decided once: its networks and its class, and the variables, or fields of
// them, of which the adapter says so, in the Cluster or in one of its pools.
func fixed(field string, variables []string) bool {
	if strings.HasPrefix(field, "spec.clusterNetwork.") || strings.HasPrefix(field, "spec.topology.classRef.") {
		return true
	}
	at := variableField.FindStringSubmatchIndex(field)
	if at == nil {
		return false
	}
	path := field[at[2]:at[3]] + strings.TrimPrefix(field[at[1]:], ".value")
	return slices.ContainsFunc(variables, func(name string) bool {
		below, ok := strings.CutPrefix(path, name)
		return ok && (below == "" || below[0] == '.' || below[0] == '[')
	})
}

// variableField finds the name of a variable in the field of a Cluster.
var variableField = regexp.MustCompile(`variables(?:\.overrides)?\[name=([^\]]+)\]`)

// replacesMachines says whether a change goes into what machines are made from. The class says which variables do; what
// it does not tell is taken for one that does.
func (i *Item) replacesMachines() bool {
	for _, c := range i.Changes {
		switch m := variableField.FindStringSubmatch(c.Field); {
		case c.Field == "spec.topology.version" || strings.HasSuffix(c.Field, ".failureDomain"):
			return true
		case len(i.remove) > 0:
			return true
		case m != nil && reachesMachines(i.resolved.Objects.Class, m[1]):
			return true
		}
	}
	return false
}

// reachesMachines looks for a variable in the patches of a class that are for templates of machines.
func reachesMachines(class []*unstructured.Unstructured, name string) bool {
	known, word := false, regexp.MustCompile(`(^|[^A-Za-z0-9_])`+regexp.QuoteMeta(name)+`($|[^A-Za-z0-9_])`)
	for _, object := range class {
		if object.GetKind() != "ClusterClass" {
			continue
		}
		known = true
		patches, _, _ := unstructured.NestedSlice(object.Object, "spec", "patches")
		for _, p := range patches {
			patch, _ := p.(map[string]any)
			condition, _ := patch["enabledIf"].(string)
			definitions, _ := patch["definitions"].([]any)
			for _, item := range definitions {
				definition, _ := item.(map[string]any)
				if ofMachines(definition) && (mentions(condition, word) || mentions(definition["jsonPatches"], word)) {
					return true
				}
			}
		}
	}
	return !known
}

func ofMachines(definition map[string]any) bool {
	kind, _, _ := unstructured.NestedString(definition, "selector", "kind")
	for _, end := range []string{"MachineTemplate", "MachinePoolTemplate", "ConfigTemplate", "KubeadmControlPlaneTemplate"} {
		if strings.HasSuffix(kind, end) {
			return true
		}
	}
	return false
}

// mentions looks for a variable in text of any depth: as a whole word, because one name may begin with another.
func mentions(value any, word *regexp.Regexp) bool {
	switch v := value.(type) {
	case string:
		return word.MatchString(v)
	case map[string]any:
		for _, inner := range v {
			if mentions(inner, word) {
				return true
			}
		}
	case []any:
		for _, inner := range v {
			if mentions(inner, word) {
				return true
			}
		}
	}
	return false
}
