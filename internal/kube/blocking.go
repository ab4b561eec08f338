package kube

import (
	"fmt"
	"strings"

	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// blockingOf picks the condition of one object that best says why the object is not ready; nil when it is.
func blockingOf(n *Node) *Condition {
	var best *Condition
	bestWeight := notBlocking
	for i := range n.Conditions {
		c := n.Conditions[i]
		if weight := weigh(c); weight > bestWeight {
			best, bestWeight = &c, weight
		}
	}
	if n.Ready == "True" && (best == nil || best.Type != clusterv1.PausedCondition) {
		return nil
	}
	return best
}

// Cause walks the tree and gives the object and the condition that hold everything else up: of all conditions that are
// not met the one that most names a cause, and among equals the deepest, because the ones above only pass it on.
// Both are nil when nothing blocks.
func (n *Node) Cause() (*Node, *Condition) {
	found := cause{}
	found.search(n, 0)
	return found.node, found.condition
}

type cause struct {
	node          *Node
	condition     *Condition
	weight, depth int
}

func (f *cause) search(n *Node, depth int) {
	if n.Blocking != nil {
		weight := weigh(*n.Blocking)
		if weight > f.weight || weight == f.weight && depth > f.depth {
			*f = cause{node: n, condition: n.Blocking, weight: weight, depth: depth}
		}
	}
	for _, child := range n.Children {
		f.search(child, depth+1)
	}
}

// CauseText is Cause as one line, "Machine default/dev1-abc: InfrastructureReady: cloning", empty when nothing blocks.
func (n *Node) CauseText() string {
	node, condition := n.Cause()
	if node == nil {
		return ""
	}
	return fmt.Sprintf("%s: %s", node.Object(), condition)
}

// Progress is one line about how far a cluster is: machines up of machines asked for, and what is waited for.
func (n *Node) Progress() string {
	var parts []string
	for _, child := range n.Children {
		if child.Desired != nil {
			title := strings.Replace(child.title(), " "+n.Name+"-", " ", 1) // the line has little room
			parts = append(parts, fmt.Sprintf("%s %d/%d", title, *child.Up, *child.Desired))
		}
	}
	line := strings.Join(parts, ", ")
	if blocked := n.CauseText(); blocked != "" {
		line = strings.TrimPrefix(line+"; "+blocked, "; ")
	}
	return line
}

func (n *Node) title() string {
	if n.Role == RolePool {
		return "pool " + n.Name
	}
	return n.Role
}
