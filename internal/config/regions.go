package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// Region is a management cluster as TKG's file names it, under tkg.regions.
type Region struct {
	Name      string `json:"name"`
	Context   string `json:"context"`
	File      string `json:"file"`   // kubeconfig
	Status    string `json:"status"` // Success or Failed
	IsCurrent bool   `json:"isCurrentContext"`
}

// Keys of TKG's file.
const (
	keyTKG       = "tkg"
	keyRegions   = "regions"
	keyCurrent   = "current-region-context"
	keyName      = "name"
	keyContext   = "context"
	keyFile      = "file"
	keyStatus    = "status"
	keyIsCurrent = "isCurrentContext"
)

// regions reads the management clusters. The current one is the one whose context is current-region-context; a file
// without that key goes by isCurrentContext.
func (f *file) regions() []Region {
	if f == nil || f.root == nil {
		return nil
	}
	tkg := child(f.root, keyTKG)
	list := child(tkg, keyRegions)
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	current := text(child(tkg, keyCurrent))
	var out []Region
	for _, item := range list.Content {
		if item.Kind != yaml.MappingNode {
			continue
		}
		marked, _ := parseBool(text(child(item, keyIsCurrent)))
		r := Region{
			Name: text(child(item, keyName)), Context: text(child(item, keyContext)), File: text(child(item, keyFile)),
			Status: text(child(item, keyStatus)), IsCurrent: marked,
		}
		if current != "" {
			r.IsCurrent = r.Context == current
		}
		out = append(out, r)
	}
	return out
}

// child is the value of a key in a mapping, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return ""
	}
	return n.Value
}

// Regions are the management clusters of the document.
func (d *Document) Regions() []Region { return (&file{root: d.root}).regions() }

// AddRegion adds a management cluster and refuses a name that is taken.
func (d *Document) AddRegion(r Region) error {
	if _, taken := d.region(r.Name, ""); taken {
		return &uerr.Error{
			Code: uerr.Usage, What: "there is a management cluster of this name", Object: r.Name,
			Next: "type --overwrite to replace it, or give the new one another name",
		}
	}
	return d.SetRegion(r)
}

// SetRegion adds a management cluster, or overwrites the one of that name, whose other keys stay. IsCurrent makes it
// the current one; one that was current remains so.
func (d *Document) SetRegion(r Region) error {
	if !utf8.ValidString(strings.Join([]string{r.Name, r.Context, r.File, r.Status}, "\n")) {
		return fmt.Errorf("the management cluster %q has a value that is not in UTF-8", r.Name)
	}
	return d.atomically(func() error {
		if err := d.blockStyle(); err != nil {
			return err
		}
		at, found := d.region(r.Name, "")
		if found {
			r.IsCurrent = r.IsCurrent || d.Regions()[at].IsCurrent
		} else {
			at = len(d.Regions())
			if err := d.addItem(r); err != nil {
				return err
			}
		}
		fields := [][2]string{{keyContext, r.Context}, {keyFile, r.File}, {keyStatus, r.Status}}
		for _, kv := range fields {
			if err := d.setField(at, kv[0], kv[1]); err != nil {
				return err
			}
		}
		if !r.IsCurrent {
			return nil
		}
		return d.mark(at)
	})
}

// SetCurrent makes a management cluster the current one. The context, when given, tells two of the same name apart.
func (d *Document) SetCurrent(name, context string) error {
	return d.atomically(func() error {
		if err := d.blockStyle(); err != nil {
			return err
		}
		at, found := d.region(name, context)
		if !found {
			return d.noRegion(name, context)
		}
		return d.mark(at)
	})
}

// RemoveRegion takes a management cluster out of the file; one that is not there is no error. When it was the current
// one, none is current afterwards.
func (d *Document) RemoveRegion(name string) error {
	return d.atomically(func() error {
		at, found := d.region(name, "")
		if !found {
			return nil
		}
		if err := d.blockStyle(); err != nil {
			return err
		}
		wasCurrent := d.Regions()[at].IsCurrent
		if err := d.removeItem(at); err != nil {
			return err
		}
		if !wasCurrent || child(child(d.root, keyTKG), keyCurrent) == nil {
			return nil
		}
		return d.setIn(child(d.root, keyTKG), keyCurrent, "")
	})
}

// atomically undoes every edit of f when one of them does not succeed, and when a key outside tkg came out changed.
func (d *Document) atomically(f func() error) error {
	before := *d
	err := f()
	if err == nil && !sameOutside(before.root, d.root, keyTKG) {
		err = fmt.Errorf("%s: the management clusters cannot be edited without changing other keys; edit tkg by hand", d.path)
	}
	if err != nil {
		*d = before
	}
	return err
}

// sameOutside says whether two mappings agree in all keys but one, which may be missing from the first.
func sameOutside(before, after *yaml.Node, key string) bool {
	strip := func(n *yaml.Node) []entry {
		var out []entry
		for _, e := range (&file{root: n}).entries() {
			if e.key.Value != key {
				out = append(out, e)
			}
		}
		return out
	}
	x, y := strip(before), strip(after)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if !sameNode(x[i].key, y[i].key) || !sameNode(x[i].value, y[i].value) {
			return false
		}
	}
	return true
}

func (d *Document) region(name, context string) (int, bool) {
	for i, r := range d.Regions() {
		if r.Name == name && (context == "" || r.Context == context) {
			return i, true
		}
	}
	return 0, false
}

func (d *Document) noRegion(name, context string) error {
	var names []string
	for _, r := range d.Regions() {
		names = append(names, r.Name)
	}
	what := name
	if context != "" {
		what += " with context " + context
	}
	next := "see those there are: get management-cluster"
	if near := Nearest(name, names); near != "" && near != name {
		next = "did you mean " + near + "?"
	}
	return &uerr.Error{Code: uerr.NotFound, What: "no such management cluster", Object: what, Next: next}
}

// mark makes one region current and all others not.
func (d *Document) mark(at int) error {
	regions := d.Regions()
	if at >= len(regions) {
		return fmt.Errorf("%s: %w", d.path, errByHand)
	}
	for i := range regions {
		if err := d.setField(i, keyIsCurrent, strconv.FormatBool(i == at)); err != nil {
			return err
		}
	}
	return d.setIn(child(d.root, keyTKG), keyCurrent, regions[at].Context)
}

// setField sets one key of a region, when it has another value.
func (d *Document) setField(at int, key, value string) error {
	items := d.items()
	if at >= len(items) {
		return fmt.Errorf("%s: %w", d.path, errByHand)
	}
	item := items[at]
	if old := child(item, key); old != nil && old.Kind == yaml.ScalarNode && old.Value == value {
		return nil
	}
	return d.setIn(item, key, value)
}

// items are the nodes of the regions, in the order of Regions.
func (d *Document) items() []*yaml.Node {
	var out []*yaml.Node
	if list := child(child(d.root, keyTKG), keyRegions); list != nil {
		for _, item := range list.Content {
			if item.Kind == yaml.MappingNode {
				out = append(out, item)
			}
		}
	}
	return out
}
