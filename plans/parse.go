package plans

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// reader fills a plan from a file, and collects what is wrong with it.
type reader struct {
	plan     Plan
	path     string
	findings uerr.Findings
}

// parse reads a plan of ours (description, controlPlane, workers, minWorkers, variables) or one in the manner of TKG: a
// flat file of variables, of which CONTROL_PLANE_MACHINE_COUNT and WORKER_MACHINE_COUNT are the counts.
func parse(name, path string, data []byte) (Plan, uerr.Findings) {
	r := &reader{path: path, plan: Plan{Name: name, ControlPlane: 1, Workers: 1, Variables: map[string]string{}}}
	if !regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`).MatchString(name) {
		r.refuse(1, fmt.Sprintf("%q is no name for a plan", name), "rename the file: use a-z, 0-9, - and .")
	}
	root, err := config.ParseMapping(path, data)
	if err != nil {
		return r.plan, append(r.findings, err...)
	}
	if root == nil {
		r.refuse(1, "the plan is empty", "write controlPlane: 1 and workers: 1")
		return r.plan, r.findings
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if first, twice := seen[key.Value]; twice {
			r.refuse(key.Line, fmt.Sprintf("%s is set already on line %d", key.Value, first), "keep one of the two lines")
		}
		seen[key.Value] = key.Line
		if !r.set(key, value) {
			break
		}
	}
	r.check()
	return r.plan, r.findings
}

// set takes one key; false means that reading on is of no use.
func (r *reader) set(key, value *yaml.Node) bool {
	switch key.Value {
	case "name":
		if value.Value != r.plan.Name {
			r.refuse(key.Line, fmt.Sprintf("the plan calls itself %q, and its file %q", value.Value, r.plan.Name), "rename the file, or remove the line")
		}
	case "description":
		r.plan.Description = value.Value
	case "controlPlane":
		r.plan.ControlPlane = r.count(key, value)
	case "workers":
		r.plan.Workers = r.count(key, value)
	case "minWorkers":
		r.plan.MinWorkers = r.count(key, value)
	case "variables":
		r.variables(value)
	case "apiVersion", "kind":
		r.refuse(key.Line, "the file holds Kubernetes objects, as TKG's cluster templates did; a plan of Slipway holds counts and variables",
			"write controlPlane, workers and variables here; change the objects in templates/ of Slipway's home")
		return false
	default:
		r.flat(key, value)
	}
	return true
}

// flat takes a key of a file in the manner of TKG.
func (r *reader) flat(key, value *yaml.Node) {
	switch {
	case key.Value == "CONTROL_PLANE_MACHINE_COUNT":
		r.plan.ControlPlane = r.count(key, value)
	case key.Value == "WORKER_MACHINE_COUNT":
		r.plan.Workers = r.count(key, value)
	case regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`).MatchString(key.Value):
		r.variable(key, value)
	default:
		known := []string{"name", "description", "controlPlane", "workers", "minWorkers", "variables"}
		problem := fmt.Sprintf("unknown key %q", key.Value)
		next := "a plan has description, controlPlane, workers, minWorkers and variables"
		if near := config.Nearest(key.Value, known); near != "" && !slices.Contains(known, key.Value) {
			problem += fmt.Sprintf(", did you mean %s?", near)
			next = "write " + near
		}
		r.refuse(key.Line, problem, next)
	}
}

func (r *reader) variables(node *yaml.Node) {
	if node.Kind != yaml.MappingNode {
		r.refuse(node.Line, "variables is not a map", "write one NAME: value a line below it")
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		r.variable(node.Content[i], node.Content[i+1])
	}
}

func (r *reader) variable(key, value *yaml.Node) {
	if value.Kind != yaml.ScalarNode {
		r.refuse(key.Line, key.Value+" is a list or a map, and must be a single value", "write "+key.Value+": value")
		return
	}
	if value.ShortTag() != "!!null" {
		r.plan.Variables[key.Value] = value.Value
	}
}

func (r *reader) count(key, value *yaml.Node) int {
	const most = 5000
	n, err := strconv.Atoi(value.Value)
	if value.Kind != yaml.ScalarNode || err != nil || n < 0 || n > most {
		r.refuse(key.Line, key.Value+" is not a number of machines", "write "+key.Value+": 3")
		return 0
	}
	if n%2 == 0 && (key.Value == "controlPlane" || key.Value == "CONTROL_PLANE_MACHINE_COUNT") {
		r.refuse(key.Line, fmt.Sprintf("%s is %d, and must be odd: etcd's members vote", key.Value, n), fmt.Sprintf("write %s: %d", key.Value, n+1))
	}
	return n
}

func (r *reader) check() {
	if len(r.findings) == 0 && r.plan.Workers < r.plan.MinWorkers {
		r.refuse(1, fmt.Sprintf("workers is %d and minWorkers %d", r.plan.Workers, r.plan.MinWorkers), "raise workers, or lower minWorkers")
	}
}

func (r *reader) refuse(line int, problem, next string) {
	r.findings = append(r.findings, uerr.Finding{Where: fmt.Sprintf("%s:%d", r.path, max(line, 1)), Problem: problem, Next: next})
}
