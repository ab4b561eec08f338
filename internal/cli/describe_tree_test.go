package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slipway-sh/slipway/internal/kube"
)

// drawn is the first three columns and the message of each line, as a person sees them.
func drawn(o describeOptions, tree *kube.Node) string {
	t := treeLines{options: o, now: start().Add(time.Hour)}
	t.add(tree, "", "")
	var b strings.Builder
	for _, row := range t.rows {
		b.WriteString(strings.TrimRight(strings.Join(row[:4], " | "), " |") + "\n")
	}
	return b.String()
}

func start() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func machine(name, ready string, blocking *kube.Condition) *kube.Node {
	return &kube.Node{
		Role: kube.RoleMachine, Kind: "Machine", Name: name, Ready: ready, Created: start(), Blocking: blocking,
		Conditions: []kube.Condition{{Type: "Ready", Status: ready, Since: start(), Message: "m"}},
		Children:   []*kube.Node{{Role: kube.RolePart, Kind: "VSphereMachine", Name: name, Ready: ready, Created: start()}},
	}
}

func sample(ready int) *kube.Node {
	up, desired := int64(ready), int64(ready+1)
	pool := &kube.Node{Role: kube.RolePool, Kind: "MachineDeployment", Name: "md-0", Ready: "False", Created: start(), Up: &up, Desired: &desired}
	for i := range ready {
		pool.Children = append(pool.Children, machine(fmt.Sprintf("w%d", i), "True", nil))
	}
	blocked := &kube.Condition{Type: "InfrastructureReady", Message: "cloning", Since: start().Add(30 * time.Minute)}
	pool.Children = append(pool.Children, machine("slow", "False", blocked))
	return &kube.Node{Role: kube.RoleCluster, Kind: "Cluster", Name: "c1", Ready: "False", Created: start(), Children: []*kube.Node{pool}}
}

func TestTreeDrawing(t *testing.T) {
	tests := map[string]struct {
		options describeOptions
		tree    *kube.Node
		want    string
	}{
		"few machines each have a line": {
			tree: sample(1),
			want: `
Cluster/c1 | False | 60m
└─pool: MachineDeployment/md-0 | False 1/2 | 60m
  ├─Machine/w0 | True | 60m
  └─Machine/slow | False | 30m | InfrastructureReady: cloning
`,
		},
		"many ready ones share a line, the one that waits keeps its own": {
			tree: sample(5),
			want: `
Cluster/c1 | False | 60m
└─pool: MachineDeployment/md-0 | False 5/6 | 60m
  ├─Machine/slow | False | 30m | InfrastructureReady: cloning
  └─5 machines ready | True | 60m | w0, w1, w2, w3, w4
`,
		},
		"--show-group-members": {
			options: describeOptions{members: true}, tree: sample(4),
			want: `
Cluster/c1 | False | 60m
└─pool: MachineDeployment/md-0 | False 4/5 | 60m
  ├─Machine/w0 | True | 60m
  ├─Machine/w1 | True | 60m
  ├─Machine/w2 | True | 60m
  ├─Machine/w3 | True | 60m
  └─Machine/slow | False | 30m | InfrastructureReady: cloning
`,
		},
		"--show-details": {
			options: describeOptions{details: true}, tree: machine("w0", "True", nil),
			want: `
Machine/w0 | True | 60m
└─VSphereMachine/w0 | True | 60m
`,
		},
		"--show-all-conditions of one kind": {
			options: describeOptions{allConditions: "Machine"}, tree: sample(0),
			want: `
Cluster/c1 | False | 60m
└─pool: MachineDeployment/md-0 | False 0/1 | 60m
  └─Machine/slow | False | 30m | InfrastructureReady: cloning
      └─Ready | False | 60m | m
`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), drawn(test.options, test.tree)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLongMessagesAreClippedUnlessWide(t *testing.T) {
	long := strings.Repeat("é", messageColumns+1)
	if got := (&treeLines{}).clip(long); len([]rune(got)) != messageColumns || !strings.HasSuffix(got, "…") {
		t.Errorf("%d runes: %q", len([]rune(got)), got)
	}
	if got := (&treeLines{wide: true}).clip(long); got != long {
		t.Errorf("%q", got)
	}
}
