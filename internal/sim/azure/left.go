package azure

import (
	"slices"
	"strings"
)

// Resource is something that somebody made, or that Azure made for it.
type Resource struct {
	Kind string // "Microsoft.Network/virtualNetworks"
	ID   string
}

// Resources lists what is there and was not there before the first call, in the order of the ids: what a cluster left
// behind, when it is gone.
func (c *Cloud) Resources() []Resource {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	out := []Resource{}
	for key, r := range c.resources {
		if !c.brought[key] {
			out = append(out, Resource{Kind: r.kind, ID: r.id})
		}
	}
	slices.SortFunc(out, func(a, b Resource) int { return strings.Compare(strings.ToLower(a.ID), strings.ToLower(b.ID)) })
	return out
}
