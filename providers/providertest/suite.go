// Package providertest is the contract of package providers as a test that every adapter runs against a cloud of its own:
// a protocol server in its test lab. It names no cloud, and what only one adapter promises has no place here.
package providertest

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/providers"
)

// Suite is what an adapter's lab gives. Every field is needed but Others, and those that an adapter without a cloud has
// nothing for.
type Suite struct {
	Provider  providers.Provider
	Templates fs.FS             // templates.FS()
	Variables []config.Variable // the adapter's table

	Good   Case            // a new cluster of the usual class, with a secret in its settings
	Others map[string]Case // further good ones, by a name for people: other classes, zones, a proxy

	// Cloudless is an adapter that contacts nothing. It logs in nowhere and leaves nothing behind, so that all below but
	// Mistakes stays empty, and the suite looks that it lists no leftovers.
	Cloudless bool

	Machines       []string                             // settings of Good that a request without machines does without
	Mistakes       []Mistake                            // two or more that do not hide each other
	BadCredentials func(t *testing.T) map[string]string // changes of Good's settings that the cloud refuses from now until t ends

	Kind string // of an object that Leftovers may list

	// Ruin makes what is left of a cluster whose deletion was broken off, and gives the kinds that Leftovers has to
	// list, one for each object.
	Ruin func(t *testing.T, namespace, cluster string) []string
	// Snapshot is the cloud's state as text, or the calls so far that changed it. Equal texts mean that nothing changed.
	Snapshot func(t *testing.T) string
}

// Case is a request. Its configuration is a file of the settings, so that findings have lines to name.
type Case struct {
	Settings map[string]string
	Request  providers.Request // without Config
}

// Mistake is a setting that Preflight has to refuse, at the line of the file where it stands.
type Mistake struct {
	Variable, Value string
	Problem         string // part of what the finding says
}

// Run checks the whole contract. The cloud's leftovers come last, because they change it.
func Run(t *testing.T, s Suite) {
	t.Helper()
	s.checkLab(t)
	for _, x := range []struct {
		name  string
		check func(Suite, *testing.T)
		cloud bool // only where there is one
	}{
		{name: "the name is that of a folder of templates", check: Suite.checkName},
		{name: "preflight lets a good request pass", check: Suite.checkGood},
		{name: "preflight reports all mistakes at once", check: Suite.checkMistakes},
		{name: "bad credentials are said to be that", check: Suite.checkCredentials, cloud: true},
		{name: "the end of the context is an error and no finding", check: Suite.checkCancelled},
		{name: "a request without machines needs no settings of machines", check: Suite.checkNoMachines},
		{name: "values fit the ClusterClass", check: Suite.checkVariables},
		{name: "values are the same again", check: Suite.checkRepeated},
		{name: "pools hold all workers", check: Suite.checkPools},
		{name: "values hold secrets only where they may", check: Suite.checkPublic},
		{name: "looking changes nothing", check: Suite.checkReadOnly, cloud: true},
		{name: "leftovers are the cluster's own", check: Suite.checkLeftovers},
	} {
		if x.cloud && s.Cloudless {
			continue
		}
		t.Run(x.name, func(t *testing.T) { x.check(s, t) })
	}
}

// checkLab refuses a lab with which a check could not fail.
func (s Suite) checkLab(t *testing.T) {
	t.Helper()
	switch {
	case len(secretsOf(s.request(t, s.Good, nil).Config)) == 0:
		t.Fatal("the good request has no secret that could show")
	case len(s.Mistakes) < 2:
		t.Fatal("one mistake cannot tell whether all are reported")
	case len(s.Machines) == 0 && !s.Cloudless:
		t.Fatal("no setting is said to be for machines only")
	case s.Cloudless && (s.BadCredentials != nil || s.Ruin != nil || s.Snapshot != nil || s.Kind != ""):
		t.Fatal("a lab with a cloud is said to have none, so that checks would be left out")
	case s.Good.Request.ControlPlane == 0 || s.Good.Request.Workers == 0:
		t.Fatal("the good request has no machines")
	}
}

func (s Suite) checkName(t *testing.T) {
	if _, err := fs.Stat(s.Templates, s.Provider.Name()+"/"+usualClass+".yaml"); err != nil {
		t.Error(err)
	}
}

// cases are all the good requests.
func (s Suite) cases() map[string]Case {
	all := map[string]Case{"as usual": s.Good}
	maps.Copy(all, s.Others)
	return all
}

// request writes the settings of a case, changed by more, to a file and loads it. An empty value takes a setting away.
func (s Suite) request(t *testing.T, c Case, more map[string]string) providers.Request {
	t.Helper()
	settings := maps.Clone(c.Settings)
	maps.Copy(settings, more)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if settings[name] == "" {
			continue
		}
		quoted, err := json.Marshal(settings[name]) // which YAML reads as well
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s: %s\n", name, quoted)
	}
	home := t.TempDir()
	file := filepath.Join(home, "config.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	r := c.Request
	var err error
	r.Config, err = config.Load(config.Options{
		File: file, Home: home, Environ: []string{"HOME=" + home},
		Tables: []config.Table{{Provider: s.Provider.Name(), Variables: s.Variables}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if found := r.Config.Findings(); len(found) > 0 {
		t.Fatalf("the lab's settings: %v", found)
	}
	return r
}

// values are those of a request that the adapter must be able to resolve.
func (s Suite) values(t *testing.T, r providers.Request) providers.Values {
	t.Helper()
	v, err := s.Provider.Values(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
