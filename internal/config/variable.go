package config

import (
	"slices"
	"strings"
)

// Type says how the text of a variable is read and checked.
type Type string

// The types of variables. Path is an inventory path or a name in one; Host is a name or address without a port.
const (
	TypeString    Type = "string"
	TypeInt       Type = "int"
	TypeBool      Type = "bool"
	TypeDuration  Type = "duration"
	TypeCIDR      Type = "cidr"
	TypeHost      Type = "host"
	TypePath      Type = "path"
	TypeEnum      Type = "enum"
	TypeVersion   Type = "version"
	TypePublicKey Type = "publickey"
	TypeURL       Type = "url"
	TypeBase64    Type = "base64"
)

// Use is what a command needs configuration for; a required variable names the uses that require it.
type Use uint8

// UseCloud is for commands that log in to the infrastructure; UseCluster for those that render a cluster.
const (
	UseCloud Use = 1 << iota
	UseCluster
)

// Role marks a variable that a check across variables needs to recognise whatever its name.
type Role string

// Roles of variables.
const (
	RoleNone        Role = ""
	RoleNodeNetwork Role = "node network" // the CIDR that nodes live in
	RoleNetwork     Role = "network"      // which network the nodes are in; several variables may say it together
	RoleEndpoint    Role = "endpoint"     // host of the workload cluster's API
	RoleOdd         Role = "odd"          // an odd count, of members of etcd
	RoleName        Role = "dns label"    // becomes the name of an object
)

// Variable is one key of config.yaml, of the environment, and often of a flag.
type Variable struct {
	Name      string   // upper case; a trailing * stands for a family of names that are accepted and ignored
	Default   string   // as text; empty means none
	Type      Type     // empty means string
	Secret    bool     // never printed; encoded when the file is rewritten
	Providers []string // infrastructures it is for; empty means all
	Section   string   // heading in the example file
	Doc       string   // one or two sentences
	Values    []string // what an enum accepts
	Example   string   // value in the example file when there is no default

	Min, Max    int    // bounds of an int; both zero means none
	Pattern     string // regular expression that the text must match, anchored by the author
	PatternHint string // the pattern in words: "20 or 32 hexadecimal pairs joined by colons"
	Role        Role
	Subnet      string // of a subnet's CIDR: the variable that names the subnet
	Required    Use    // what it is required for
	Unless      string // a variable that, when set, takes away the requirement
	AliasOf     string // another spelling of that variable
	Deprecated  string // accepted with a warning: what happens to the value
	Remedy      string // what to type instead of a deprecated variable
	Unused      bool   // TKG has it, Slipway does nothing with it; accepted with one warning for all
}

// Table is the variables of one infrastructure provider.
type Table struct {
	Provider  string // "vsphere"; empty for the common ones
	Variables []Variable
}

// ignored says that the value has no effect.
func (v Variable) ignored() bool { return v.Unused || (v.Deprecated != "" && v.AliasOf == "") }

func (v Variable) family() bool { return strings.HasSuffix(v.Name, "*") }

func (v Variable) serves(infrastructure string) bool {
	return len(v.Providers) == 0 || infrastructure == "" || slices.Contains(v.Providers, infrastructure)
}

// registry knows every variable by name; a name may be defined by several providers, and by all of them.
type registry struct {
	order     []string
	variables map[string][]Variable
	families  []Variable
}

func newRegistry(tables []Table) *registry {
	r := &registry{variables: map[string][]Variable{}}
	all := append([]Table{{Variables: commonVariables(tables)}}, tables...)
	for _, t := range all {
		for _, v := range t.Variables {
			r.add(t.Provider, v)
		}
	}
	return r
}

func (r *registry) add(provider string, v Variable) {
	if v.Type == "" {
		v.Type = TypeString
	}
	if provider != "" {
		v.Providers = []string{provider}
	}
	if v.family() {
		r.families = append(r.families, v)
		return
	}
	if len(r.variables[v.Name]) == 0 {
		r.order = append(r.order, v.Name)
	}
	r.variables[v.Name] = append(r.variables[v.Name], v)
}

// find gives the definition that holds for an infrastructure, or the first one when none is named.
func (r *registry) find(name, infrastructure string) (Variable, bool) {
	defs := r.variables[name]
	if len(defs) == 0 {
		return Variable{}, false
	}
	for _, v := range defs {
		if infrastructure != "" && slices.Contains(v.Providers, infrastructure) {
			return v, true
		}
	}
	return defs[0], true
}

// canonical gives the name that an alias stands for, and any other known name as it is.
func (r *registry) canonical(name string) (string, bool) {
	v, known := r.find(name, "")
	if v.AliasOf != "" {
		return v.AliasOf, true
	}
	return name, known
}

// ignoredFamily finds the family of ignored names that a key belongs to.
func (r *registry) ignoredFamily(name string) (Variable, bool) {
	for _, v := range r.families {
		if strings.HasPrefix(name, strings.TrimSuffix(v.Name, "*")) {
			return v, true
		}
	}
	return Variable{}, false
}

func (r *registry) secret(name string) bool {
	return slices.ContainsFunc(r.variables[name], func(v Variable) bool { return v.Secret })
}

// defaultOf is the default of the first definition that has one.
func (r *registry) defaultOf(name string) string {
	for _, v := range r.variables[name] {
		if v.Default != "" {
			return v.Default
		}
	}
	return ""
}

// list gives each variable once, the definitions of several providers put together.
func (r *registry) list() []Variable {
	out := make([]Variable, 0, len(r.order))
	for _, name := range r.order {
		defs := r.variables[name]
		v := defs[0]
		v.Default = r.defaultOf(name)
		v.Providers = nil
		for _, d := range defs {
			if len(d.Providers) == 0 {
				v.Providers = nil
				break
			}
			v.Providers = append(v.Providers, d.Providers...)
		}
		out = append(out, v)
	}
	return out
}
