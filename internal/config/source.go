package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/viper"

	"github.com/slipway-sh/slipway/internal/secret"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// Source is a kind of place that sets values; the constants are in the order of precedence.
type Source string

// The sources, the strongest first. The entry of a cluster and the defaults of entries are in files with a list of them.
const (
	SourceFlag        Source = "flag"
	SourceEntry       Source = "entry"
	SourceEnvironment Source = "environment"
	SourceDefaults    Source = "defaults"
	SourceFile        Source = "file"
	SourcePlan        Source = "plan"
	SourceDefault     Source = "default"
)

// Origin is where a value was set: "--worker-machine-count", "$VSPHERE_NETWORK", "/path/config.yaml:12", "plan prod",
// "/path/fleet.yaml:12 (clusters[2].workers)".
type Origin struct {
	Source Source `json:"source"`
	Where  string `json:"where"`
	Place  Place  `json:"place,omitzero"` // of a value of an entry or of the defaults
}

// String is Where.
func (o Origin) String() string { return o.Where }

// value is a text and its place.
type value struct {
	text, where string
	place       Place // when there is more to it than where says
}

// layer is the values of one source, under their canonical names.
type layer struct {
	source Source
	values map[string]value
}

// set stores a value under its canonical name. An empty text means "as if it were not there", as TKG's environment and
// the empty keys of its file do. The first spelling of an alias never hides the canonical one.
func (l layer) set(r *registry, key string, val value) uerr.Findings {
	text, err := secret.Decode(val.text)
	if err != nil {
		return uerr.Findings{{
			Where: val.where, Problem: fmt.Sprintf("the encoded value of %s cannot be read: %v", key, err),
			Next: fmt.Sprintf("write %s in plain text; Slipway encodes it again", key),
		}}
	}
	if val.text = text; text == "" {
		return nil
	}
	v, _ := r.find(key, "")
	if v.AliasOf != "" {
		if _, taken := l.values[v.AliasOf]; taken {
			return nil
		}
		key = v.AliasOf
	}
	l.values[key] = val
	return nil
}

func newLayer(s Source) layer { return layer{source: s, values: map[string]value{}} }

func flagLayer(o Options, r *registry) (layer, uerr.Findings) {
	l := newLayer(SourceFlag)
	var findings uerr.Findings
	for _, key := range canonicalFirst(o.Flags, r) {
		where := o.FlagNames[key]
		if where == "" {
			where = "flag for " + key
		}
		if _, known := r.find(key, ""); known {
			findings = append(findings, l.set(r, key, value{text: o.Flags[key], where: where})...)
		}
	}
	return l, findings
}

func environLayer(environ []string, r *registry) (layer, uerr.Findings) {
	env := map[string]string{}
	for _, pair := range environ {
		key, text, _ := strings.Cut(pair, "=")
		if _, known := r.find(key, ""); known {
			env[key] = text
		}
	}
	l := newLayer(SourceEnvironment)
	var findings uerr.Findings
	for _, key := range canonicalFirst(env, r) {
		findings = append(findings, l.set(r, key, value{text: env[key], where: "$" + key})...)
	}
	return l, findings
}

func planLayer(name string, vars map[string]string, r *registry) (layer, uerr.Findings) {
	l := newLayer(SourcePlan)
	where := "plan " + name
	var findings uerr.Findings
	for _, key := range canonicalFirst(vars, r) {
		if _, known := r.find(key, ""); !known {
			findings = append(findings, r.unknown(key, where))
			continue
		}
		findings = append(findings, l.set(r, key, value{text: vars[key], where: where})...)
	}
	return l, findings
}

// canonicalFirst sorts keys so that an alias comes after the name it stands for.
func canonicalFirst(m map[string]string, r *registry) []string {
	var canonical, aliases []string
	for key := range m {
		if v, _ := r.find(key, ""); v.AliasOf != "" {
			aliases = append(aliases, key)
		} else {
			canonical = append(canonical, key)
		}
	}
	slices.Sort(canonical)
	slices.Sort(aliases)
	return append(canonical, aliases...)
}

// merge gives the layers to viper in the order of their precedence. Viper folds case, which is harmless: all keys are
// names of the registry. The delimiter is a byte that no key holds, so that no key is taken for a path.
func merge(r *registry, layers []layer) *viper.Viper {
	v := viper.NewWithOptions(viper.KeyDelimiter("\x00"))
	for _, name := range r.order {
		if d := r.defaultOf(name); d != "" {
			v.SetDefault(name, d)
		}
	}
	for _, l := range slices.Backward(layers) {
		for key, val := range l.values {
			v.Set(key, val.text)
		}
	}
	return v
}
