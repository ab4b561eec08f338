// Package config reads config.yaml: TKG's variables, their precedence, and the origin of each value. It also edits the
// file in place, as runbooks and the commands that keep management clusters in it expect.
//
// It knows the common variables only. Each infrastructure provider brings its own table of variables, so no cloud is
// named here. It resolves and checks values; it contacts nothing and renders nothing.
package config

import (
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/spf13/viper"

	"github.com/slipway-sh/slipway/internal/secret"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// Options is where values come from. The zero value reads nothing but defaults.
type Options struct {
	File      string            // --config; empty means search, see FindFile
	Home      string            // Slipway's home; empty means $SLIPWAY_HOME or ~/.slipway
	InvokedAs string            // "tkg" or "slipway": the name the program was called by
	Tables    []Table           // the providers' variables; the common ones are always there
	Flags     map[string]string // variable -> value, only of the flags that were given
	FlagNames map[string]string // variable -> "--flag", of every flag that stands for a variable
	Environ   []string          // as os.Environ gives it
}

// Config is the resolved configuration of one command. It never prints a value of its own accord.
type Config struct {
	registry  *registry
	layers    []layer // the strongest first
	values    *viper.Viper
	path      string
	place     Place // of the entry that it is for, in a list of clusters
	file      *file
	flagNames map[string]string
	findings  uerr.Findings
}

// Load reads every source. The error is uerr.Findings for a file that cannot be read or is no YAML; the Config is
// usable even then, without the file. What is wrong with single keys and values waits in Validate, so that a command
// reports everything at once and one that only reads is not stopped by it.
func Load(o Options) (*Config, error) {
	c := &Config{registry: newRegistry(o.Tables), flagNames: o.FlagNames}
	c.path = FindFile(o)
	var problems uerr.Findings
	c.file, problems = readFile(c.path, o.File != "")
	fileLayer, found := c.file.layer(c.registry)
	c.findings = append(append(c.findings, problems...), found...)
	flags, found := flagLayer(o, c.registry)
	c.findings = append(c.findings, found...)
	env, found := environLayer(o.Environ, c.registry)
	c.findings = append(c.findings, found...)
	c.layers = []layer{flags, env, fileLayer}
	c.values = merge(c.registry, c.layers)
	return c, problems.Err()
}

// WithPlan adds a plan's values between the file and the defaults, in place of the plan that was there.
func (c *Config) WithPlan(name string, vars map[string]string) *Config {
	next := *c
	next.layers = nil
	for _, l := range c.layers {
		if l.source != SourcePlan {
			next.layers = append(next.layers, l)
		}
	}
	plan, found := planLayer(name, vars, c.registry)
	next.findings = append(append(uerr.Findings{}, c.findings...), found...)
	next.layers = append(next.layers, plan)
	next.values = merge(c.registry, next.layers)
	return &next
}

// String is the value of a variable, empty when it has none. A secret comes redacted: Secret gives it.
func (c *Config) String(key string) string {
	if c.registry.secret(key) {
		return secret.New("").String()
	}
	return c.raw(key)
}

// Secret is the value of a variable as a type that does not print.
func (c *Config) Secret(key string) secret.String { return secret.New(c.raw(key)) }

func (c *Config) raw(key string) string {
	name, known := c.registry.canonical(key)
	if !known {
		return ""
	}
	return c.values.GetString(name)
}

// Int is a whole number; a variable without a value is 0.
func (c *Config) Int(key string) (int, error) {
	text := c.raw(key)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, c.wrongType(key, TypeInt)
	}
	return n, nil
}

// Bool is true for a value that YAML or TKG takes for true; anything else, a typing mistake included, is false.
// Validate reports the mistake.
func (c *Config) Bool(key string) bool {
	b, err := parseBool(c.raw(key))
	return err == nil && b
}

// Duration is a time span such as 30m; a variable without a value is 0.
func (c *Config) Duration(key string) (time.Duration, error) {
	text := c.raw(key)
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, c.wrongType(key, TypeDuration)
	}
	return d, nil
}

func (c *Config) wrongType(key string, want Type) error {
	return &uerr.Error{
		Code: uerr.Usage, What: fmt.Sprintf("%s is not %s", key, want.phrase()),
		Object: c.Origin(key).Where, Next: c.howToSet(key, want.sample()),
	}
}

// IsSet says whether a value comes from anything but the defaults.
func (c *Config) IsSet(key string) bool { return c.Origin(key).Source != SourceDefault }

// Origin is where the value in effect was set.
func (c *Config) Origin(key string) Origin {
	name, _ := c.registry.canonical(key)
	for _, l := range c.layers {
		if v, ok := l.values[name]; ok {
			return Origin{Source: l.source, Where: v.where, Place: v.place}
		}
	}
	return Origin{Source: SourceDefault, Where: "default"}
}

// rank is how weak the source of a value is; that of a default is the weakest.
func (c *Config) rank(name string) int {
	for i, l := range c.layers {
		if _, ok := l.values[name]; ok {
			return i
		}
	}
	return len(c.layers)
}

// strongest is the value in effect of a variable by its canonical name, before there is a plan and but for defaults.
func (c *Config) strongest(name string) value {
	for _, l := range c.layers {
		if v, ok := l.values[name]; ok {
			return v
		}
	}
	return value{}
}

// Strongest is the first of the keys that the strongest source sets, for variables that say the same in several ways;
// empty when none is set.
func (c *Config) Strongest(keys ...string) string {
	for _, l := range c.layers {
		for _, key := range keys {
			name, _ := c.registry.canonical(key)
			if _, ok := l.values[name]; ok {
				return key
			}
		}
	}
	return ""
}

// Variables lists every known variable, in the order of the tables and without the families of ignored names.
func (c *Config) Variables() []Variable { return c.registry.list() }

// Path is the file in use, or the one that would be created.
func (c *Config) Path() string { return c.path }

// Findings is what was wrong with single keys and values while reading; Validate includes them.
func (c *Config) Findings() uerr.Findings { return append(uerr.Findings{}, c.findings...) }

// Regions are the management clusters that the file names.
func (c *Config) Regions() []Region { return c.file.regions() }

// Format keeps %v and its relatives from printing values.
func (c *Config) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "config(%s)", c.path) }

// LogValue keeps structured logs from printing values.
func (c *Config) LogValue() slog.Value { return slog.StringValue("config(" + c.path + ")") }
