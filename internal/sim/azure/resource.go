package azure

import (
	"crypto/rand"
	"fmt"
	"path"
	"slices"
	"strings"
)

// resource is what has an id.
type resource struct {
	id        string // as it was first written
	kind      string // "Microsoft.Network/virtualNetworks/subnets"
	body      object // location, tags, properties and whatever else was written
	operation *operation
	count     int    // of the nodes that a pool really has, while a PUT of another number still works
	version   string // what a cluster or pool really runs, while an upgrade still works
	ids       map[string]string
}

// memory is a random id that stays with the resource: of an identity that Azure makes for it.
func (r *resource) memory(of string) string {
	if r.ids == nil {
		r.ids = map[string]string{}
	}
	if r.ids[of] == "" {
		r.ids[of] = guid()
	}
	return r.ids[of]
}

func (r *resource) name() string { return path.Base(r.id) }

func (r *resource) busy() bool { return r.operation != nil && r.operation.status == running }

func (r *resource) state(state string) { r.body.set(state, "properties", "provisioningState") }

// render is the resource as its type's GET shows it.
func (r *resource) render() object {
	return r.body.over(object{"id": r.id, "name": r.name(), "type": r.kind})
}

// find is nil where there is nothing of this id.
func (c *Cloud) find(id string) *resource { return c.resources[strings.ToLower(id)] }

func (c *Cloud) keep(r *resource) { c.resources[strings.ToLower(r.id)] = r }

// remove takes a resource away with all that lies under it.
func (c *Cloud) remove(id string) {
	id = strings.ToLower(id)
	delete(c.resources, id)
	for key := range c.resources {
		if strings.HasPrefix(key, id+"/") {
			delete(c.resources, key)
		}
	}
}

// list gives the resources of a kind under an id, in the order of their ids.
func (c *Cloud) list(kind, under string) []*resource {
	var out []*resource
	for key, r := range c.resources {
		if same(r.kind, kind) && strings.HasPrefix(key, strings.ToLower(under)+"/") {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *resource) int { return strings.Compare(strings.ToLower(a.id), strings.ToLower(b.id)) })
	return out
}

// value is a list in the words of ARM.
func value[T any](items []*T, render func(*T) object) object {
	out := []object{}
	for _, item := range items {
		out = append(out, render(item))
	}
	return object{"value": out}
}

// parent is the id one level up: of the network of a subnet.
func parent(id string) string { return path.Dir(path.Dir(id)) }

// part is the segment of an id after a name: the group after "resourceGroups".
func part(id, after string) string {
	segments := strings.Split(id, "/")
	for i, segment := range segments[:len(segments)-1] {
		if same(segment, after) {
			return segments[i+1]
		}
	}
	return ""
}

func groupOf(id string) string { return part(id, "resourceGroups") }

func (c *Cloud) groupID(group string) string {
	return "/subscriptions/" + c.inventory.Subscription + "/resourceGroups/" + group
}

// guid is a new random id in the form that Azure gives to everything that has no name.
func guid() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails, by its documentation
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
