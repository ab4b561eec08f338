package config_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/aws"
	"github.com/slipway-sh/slipway/providers/azure"
	"github.com/slipway-sh/slipway/providers/docker"
	"github.com/slipway-sh/slipway/providers/vsphere"
)

var update = flag.Bool("update", false, "rewrite the shipped files")

const (
	exampleFile = "../../config.example.yaml"
	schemaFile  = "../../docs/config.schema.json"
)

// tables are those that the program ships with.
func tables() []config.Table {
	return []config.Table{
		{Provider: "vsphere", Variables: vsphere.Variables()},
		{Provider: "aws", Variables: aws.Variables()},
		{Provider: "azure", Variables: azure.Variables()},
		{Provider: "docker", Variables: docker.Variables()},
	}
}

func TestShippedFilesAreUpToDate(t *testing.T) {
	for file, want := range map[string][]byte{
		exampleFile: config.Example(tables()),
		schemaFile:  config.Schema(tables()),
	} {
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, want, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is out of date, run with -update (-want +got):\n%s", file, diff)
		}
	}
}

// uncommented is the example with every setting switched on.
func uncommented(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^#([A-Z])`).ReplaceAll(data, []byte("$1"))
}

func TestShippedExampleLoads(t *testing.T) {
	load := func(t *testing.T, file string) *config.Config {
		c, err := config.Load(config.Options{File: file, Tables: tables(), Environ: []string{"HOME=/nowhere"}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	t.Run("as shipped", func(t *testing.T) {
		if findings := load(t, exampleFile).Validate(""); len(findings) != 0 {
			t.Errorf("findings: %v", findings)
		}
	})
	t.Run("every setting switched on", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(file, uncommented(t), 0o600); err != nil {
			t.Fatal(err)
		}
		c := load(t, file)
		for _, infrastructure := range []string{"vsphere", "aws", "azure", "docker"} {
			for _, f := range c.Validate(infrastructure) {
				if f.Severity == uerr.Refusal && !regexp.MustCompile(`^(VSPHERE_PASSWORD|AZURE_CLIENT_(ID|SECRET)) is missing`).MatchString(f.Problem) {
					t.Errorf("%s: %s: %s", infrastructure, f.Where, f.Problem)
				}
			}
		}
		for _, v := range c.Variables() {
			if !bytes.Contains(uncommented(t), []byte("\n"+v.Name+":")) {
				t.Errorf("%s is not in the example", v.Name)
			}
			if v.Doc == "" || v.Section == "" {
				t.Errorf("%s has no documentation or no section", v.Name)
			}
			if v.Example != "" && v.AliasOf == "" && v.Deprecated == "" && !c.IsSet(v.Name) {
				t.Errorf("%s of the example did not arrive", v.Name)
			}
		}
	})
}

func TestShippedSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema(tables())))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("config.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		yaml   string
		refuse string // what the error names; empty accepts
	}{
		"the example":                  {yaml: string(shipped)},
		"the example, all switched on": {yaml: string(uncommented(t))},
		"regions and other keys of TKG": {yaml: "tkg:\n  regions:\n  - name: a\n    isCurrentContext: true\n" +
			"images:\n  all:\n    repository: x\nrelease:\n  version: v1\ncert-manager-timeout: 30m0s\nmy-own: [1]\n"},
		"a number in quotes":        {yaml: "WORKER_MACHINE_COUNT: \"3\"\n"},
		"an unused family":          {yaml: "AVI_SOMETHING_NEW: x\n"},
		"an encoded secret":         {yaml: "VSPHERE_PASSWORD: <encoded:c2VjcmV0>\n"},
		"a typo":                    {yaml: "VSPHERE_SERVR: vc\n", refuse: "VSPHERE_SERVR"},
		"a count that is a word":    {yaml: "WORKER_MACHINE_COUNT: three\n", refuse: "WORKER_MACHINE_COUNT"},
		"a port out of range":       {yaml: "VSPHERE_CONTROL_PLANE_ENDPOINT_PORT: 70000\n", refuse: "ENDPOINT_PORT"},
		"a clone mode of its own":   {yaml: "VSPHERE_CLONE_MODE: half\n", refuse: "VSPHERE_CLONE_MODE"},
		"a map where a text is":     {yaml: "VSPHERE_NETWORK: {a: b}\n", refuse: "VSPHERE_NETWORK"},
		"a duration without a unit": {yaml: "NODE_STARTUP_TIMEOUT: 20\n", refuse: "NODE_STARTUP_TIMEOUT"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			asJSON, err := yaml.YAMLToJSON([]byte(tc.yaml))
			if err != nil {
				t.Fatal(err)
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
			if err != nil {
				t.Fatal(err)
			}
			err = schema.Validate(value)
			switch {
			case tc.refuse == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tc.refuse != "" && (err == nil || !strings.Contains(err.Error(), tc.refuse)):
				t.Errorf("want a refusal that names %s, got %v", tc.refuse, err)
			}
		})
	}
}
