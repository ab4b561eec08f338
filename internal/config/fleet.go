package config

import (
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// FleetOptions is where the clusters of a batch come from.
type FleetOptions struct {
	Options
	Paths []string  // files, folders of *.yaml and *.yml, and "-" for Stdin; none means the file that FindFile finds
	Stdin io.Reader // read once
	Base  bool      // the flat variables of the file that FindFile finds hold for all clusters, behind every path's

	Plans                    map[string]Plan // by name
	DefaultPlan              string          // of a cluster that names none
	DefaultInfrastructure    string          // likewise
	DefaultManagementCluster string          // likewise: the current one
	ManagementClusters       []string        // names that an entry may have; nil means that any will do
}

// Plan is what a fleet has to know of a plan.
type Plan struct {
	Values     map[string]string // as Config.WithPlan takes them
	MinWorkers int
}

// Fleet is the clusters of several files, in the order of the files.
//
// The flat variables and the defaults of a file hold for its own clusters. Those of the file without clusters, of which
// there may be one, are shared: they hold for the clusters of all files, behind each file's own.
type Fleet struct {
	options  FleetOptions
	registry *registry
	files    []*fleetFile
	entries  []*Entry
	hooks    []Hook
	families []Family
	findings uerr.Findings // of reading, each once
}

// fleetFile is one file with its values for all its clusters.
type fleetFile struct {
	*file
	flat     layer
	defaults *block // never nil
	clusters []*yaml.Node
	family   Family
	hooks    []Hook

	hasHooks    bool // those that are wrong included
	hasClusters bool // an empty list included: it says that there are to be none
}

// LoadFleet reads every file. As with Load the error is uerr.Findings for what cannot be read at all, the fleet is usable
// without it, and what is wrong with single keys and values waits in Validate.
func LoadFleet(o FleetOptions) (*Fleet, error) {
	f := &Fleet{options: o, registry: newRegistry(o.Tables)}
	files, problems := readFiles(o)
	f.findings = append(f.findings, problems...)
	flags, found := flagLayer(o.Options, f.registry)
	f.findings = append(f.findings, found...)
	env, found := environLayer(o.Environ, f.registry)
	f.findings = append(f.findings, found...)
	for _, one := range files {
		f.add(one)
	}
	base := f.base()
	own, shared := f.split()
	f.placeHooks(own, shared)
	for _, ff := range own {
		family := f.familyOf(ff, shared)
		if !slices.Contains(f.families, family) {
			f.families = append(f.families, family)
		}
		blocks, layers := []*block{ff.defaults}, []layer{ff.defaults.layer, ff.flat}
		if shared != nil {
			blocks, layers = append(blocks, shared.defaults), append(layers, shared.defaults.layer, shared.flat)
		}
		if base != nil {
			layers = append(layers, *base)
		}
		for i, n := range ff.clusters {
			at := Place{File: ff.path, Line: n.Line, Column: n.Column, Field: fmt.Sprintf("%s[%d]", keyClusters, i)}
			b := readBlock(ff.file, f.registry, n, at, SourceEntry)
			e := f.newEntry(ff, append([]*block{b}, blocks...), append([]layer{flags, b.layer, env}, layers...))
			e.Family = family
			f.entries = append(f.entries, e)
		}
	}
	return f, problems.Err()
}

// base reads the variables that a person has for every command; nil when there are none, or their file is one of the
// paths.
func (f *Fleet) base() *layer {
	path := FindFile(f.options.Options)
	if !f.options.Base || len(f.options.Paths) == 0 || slices.ContainsFunc(f.files, func(ff *fleetFile) bool { return identity(ff.path) == identity(path) }) {
		return nil
	}
	one, findings := readFile(path, false)
	f.findings = append(f.findings, findings...)
	if one.root == nil {
		return nil
	}
	flat, findings := one.layer(f.registry)
	f.findings = append(f.findings, findings...)
	return &flat
}

// add reads the flat variables and the defaults of a file, and finds its clusters.
func (f *Fleet) add(one *file) {
	s := &reading{file: one, strict: true, registry: f.registry, layer: newLayer(SourceFile), seen: map[string]entry{}}
	flat, findings := s.read(one.entries())
	ff := &fleetFile{file: one, flat: flat}
	at := func(key string) Place {
		k := keyOf(one.root, key)
		return Place{File: one.path, Line: k.Line, Column: k.Column, Field: key}
	}
	ff.defaults = &block{layer: newLayer(SourceDefaults)}
	if n := child(one.root, keyDefaults); !isNull(n) {
		ff.defaults = readBlock(one, f.registry, n, at(keyDefaults), SourceDefaults)
	}
	list := target(child(one.root, keyClusters))
	ff.hasClusters = list != nil
	switch {
	case isNull(list):
	case list.Kind != yaml.SequenceNode:
		findings = append(findings, uerr.Finding{
			Where: at(keyClusters).String(), Problem: "clusters is not a list", Next: "write - name: NAME below it for each cluster",
		})
	default:
		ff.clusters = list.Content
	}
	f.findings = append(append(f.findings, findings...), ff.defaults.findings...)
	f.readFamily(ff)
	f.readHooks(ff)
	f.files = append(f.files, ff)
}

// split tells the files with clusters from the one that is shared, and refuses a second of those.
func (f *Fleet) split() (own []*fleetFile, shared *fleetFile) {
	refuse := func(ff *fleetFile, problem, next string) {
		f.findings = append(f.findings, uerr.Finding{Where: ff.at(1), Problem: problem, Next: next})
	}
	for _, ff := range f.files {
		switch {
		case ff.hasClusters:
			own = append(own, ff)
		case len(ff.flat.values) == 0 && ff.defaults.place == Place{} && !ff.hasHooks:
			if ff.root != nil {
				refuse(ff, "the file holds no clusters, no defaults and no variables", "leave the file out, or write clusters: with - name: NAME below it")
			}
		case shared != nil:
			refuse(ff, "the file holds no clusters, and "+shared.path+" is shared by all clusters already", "put what all clusters share into one file")
		default:
			shared = ff
		}
	}
	if len(own) == 0 && len(f.files) > 0 && f.findings.Err() == nil {
		refuse(f.files[0], "there are no clusters in the file", "write clusters: with - name: NAME below it for each cluster")
	}
	return own, shared
}

// Families are those of all files with clusters, an empty list included.
func (f *Fleet) Families() []Family { return slices.Clone(f.families) }

// Entries are the clusters in the order of the files. One that is wrong is there too: see Validate.
func (f *Fleet) Entries() []*Entry { return slices.Clone(f.entries) }

// Format keeps %v and its relatives from printing values.
func (f *Fleet) Format(s fmt.State, _ rune) {
	_, _ = fmt.Fprintf(s, "fleet(%d clusters)", len(f.entries))
}
