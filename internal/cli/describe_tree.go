package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/kube"
)

// groupFrom is how many ready machines of one parent share a line when nobody asked for each.
const groupFrom = 4

// messageColumns is how much of a message fits beside a tree on a wide terminal.
const messageColumns = 120

// treeLines turns a tree into the rows of a table. The branches are drawn in the first column.
type treeLines struct {
	options describeOptions
	now     time.Time
	wide    bool // messages in full length
	rows    [][]string
	names   []string
}

// add appends a node and what is under it. head is drawn before the node itself, below before its children.
func (t *treeLines) add(n *kube.Node, head, below string) {
	message, since := "", n.Created
	if n.Blocking != nil {
		message = t.clip(n.Blocking.String())
		if !n.Blocking.Since.IsZero() {
			since = n.Blocking.Since
		}
	}
	t.rows = append(t.rows, []string{
		head + label(n), readiness(n), age(since, t.now), message, none(n.Phase), none(n.Version),
	})
	t.names = append(t.names, strings.ToLower(n.Kind)+"/"+n.Name)
	children := t.visible(n)
	t.addConditions(n, below, len(children) > 0)
	singles, grouped := t.group(children)
	for i, child := range singles {
		if i == len(singles)-1 && len(grouped) == 0 {
			t.add(child, below+"└─", below+"  ")
		} else {
			t.add(child, below+"├─", below+"│ ")
		}
	}
	if len(grouped) > 0 {
		t.rows = append(t.rows, groupRow(below+"└─", grouped, t.now))
	}
}

// clip keeps the table readable: a message that sums up many objects is as long as their list, and each of them has a
// line of its own.
func (t *treeLines) clip(message string) string {
	if runes := []rune(message); !t.wide && len(runes) > messageColumns {
		return string(runes[:messageColumns-1]) + "…"
	}
	return message
}

// label is "Cluster/prod1", or "pool md-0: MachineDeployment/prod1-md-0-x7k2p".
func label(n *kube.Node) string {
	name := n.Kind + "/" + n.Name
	switch n.Role {
	case kube.RoleControlPlane, kube.RolePool, kube.RoleInfrastructure:
		return n.Role + ": " + name
	}
	return name
}

// readiness is the condition's word, with the machines ready and asked for where there are some to count.
func readiness(n *kube.Node) string {
	word := n.Ready
	if n.Deleting {
		word = "Deleting"
	}
	if n.Desired != nil && n.Up != nil {
		return fmt.Sprintf("%s %d/%d", word, *n.Up, *n.Desired)
	}
	return word
}

// visible leaves out a machine's parts unless they were asked for, or are what the machine waits for.
func (t *treeLines) visible(n *kube.Node) []*kube.Node {
	if t.options.details {
		return n.Children
	}
	return slices.DeleteFunc(slices.Clone(n.Children), func(child *kube.Node) bool {
		return child.Role == kube.RolePart
	})
}

func (t *treeLines) addConditions(n *kube.Node, below string, more bool) {
	if !t.wantsConditions(n) {
		return
	}
	bar := "  "
	if more {
		bar = "│ "
	}
	for i, c := range n.Conditions {
		branch := "├─"
		if i == len(n.Conditions)-1 {
			branch = "└─"
		}
		message := c.Message
		if message == "" {
			message = c.Reason
		}
		t.rows = append(t.rows, []string{below + bar + branch + c.Type, c.Status, age(c.Since, t.now), t.clip(message), "", ""})
	}
}

func (t *treeLines) wantsConditions(n *kube.Node) bool {
	for _, wanted := range strings.Split(t.options.allConditions, ",") {
		if wanted == "all" || wanted == n.Kind || wanted == n.Kind+"/"+n.Name {
			return true
		}
	}
	return false
}

// group takes the ready machines out of children when there are many, so that what is wrong stays in sight.
func (t *treeLines) group(children []*kube.Node) (singles, grouped []*kube.Node) {
	for _, child := range children {
		if child.Role == kube.RoleMachine && child.Ready == "True" && !t.wantsConditions(child) {
			grouped = append(grouped, child)
		} else {
			singles = append(singles, child)
		}
	}
	if t.options.members || t.options.details || len(grouped) < groupFrom {
		return children, nil
	}
	return singles, grouped
}

func groupRow(head string, machines []*kube.Node, now time.Time) []string {
	oldest := machines[0].Created
	names := make([]string, len(machines))
	for i, m := range machines {
		names[i] = m.Name
		if m.Created.Before(oldest) {
			oldest = m.Created
		}
	}
	row := fmt.Sprintf("%s%d machines ready", head, len(machines))
	return []string{row, "True", age(oldest, now), strings.Join(names, ", "), none(machines[0].Phase), none(machines[0].Version)}
}
