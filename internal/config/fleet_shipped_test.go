package config_test

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/providers/aws"
	"github.com/slipway-sh/slipway/providers/azure"
	"github.com/slipway-sh/slipway/providers/vsphere"
)

// TestShippedExampleOfClusters switches the list of clusters on, and gives it what the infrastructure requires.
func TestShippedExampleOfClusters(t *testing.T) {
	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	_, list, found := strings.Cut(string(data), "# --- A list of clusters")
	if !found {
		t.Fatal("the example has no clusters")
	}
	list = regexp.MustCompile(`(?m)^# .*`).ReplaceAllStringFunc(list, func(line string) string {
		if strings.HasPrefix(line, "#  ") {
			return line
		}
		return ""
	})
	list = strings.ReplaceAll("\n"+list, "\n#", "\n")
	o := fleetOptions(t, write(t, list))
	o.ManagementClusters = []string{"my-cluster"}
	o.Environ = []string{"VSPHERE_SERVER=vc", "VSPHERE_USERNAME=u", "VSPHERE_PASSWORD=p", "VSPHERE_DATACENTER=dc", "VSPHERE_DATASTORE=ds", "CI_HOOK_KEY=" + hookKey}
	f := loadFleet(t, o)
	if findings := f.Validate(); len(findings) != 0 {
		t.Errorf("findings: %v", findings)
	}
	if h := f.Hooks(); len(h) != 2 || h[0].Secret.Empty() || len(h[1].Command) != 2 {
		t.Errorf("the hooks did not arrive: %v", h)
	}
	if e := f.Entries(); len(e) != 2 || !e[0].Protect || len(e[1].Pools) != 2 || e[1].Labels["owner"] != "team-a" {
		t.Errorf("the entries did not arrive: %v", e)
	}
}

func schemaOf(t *testing.T) *jsonschema.Schema {
	t.Helper()
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
	return schema
}

func TestSchemaKnowsClusters(t *testing.T) {
	schema := schemaOf(t)
	check := func(t *testing.T, text string) error {
		t.Helper()
		asJSON, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(value)
	}
	for _, file := range []string{shippedFleet, mixedFleet, sitesFleet + "/common.yaml", sitesFleet + "/berlin.yml", sitesFleet + "/cloud.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(t, string(data)); err != nil {
			t.Errorf("%s is refused: %v", file, err)
		}
	}
	for name, text := range map[string]string{
		"no name":          "clusters: [{plan: dev}]",
		"an unknown key":   "clusters: [{name: a, plans: dev}]",
		"unknown variable": "clusters: [{name: a, variables: {VSPHERE_NETWRK: x}}]",
		"a text of counts": "clusters: [{name: a, workers: many}]",
		"infrastructure":   "clusters: [{name: a, infrastructure: vspere}]",
		"a pool's key":     "clusters: [{name: a, pools: [{name: p, workers: 1, size: x}]}]",
		"name in defaults": "defaults: {name: a}",
		"a map":            "clusters: {a: {}}",
		"a hook's key":     "hooks: [{webhook: 'https://a', event: cluster.ready}]",
		"a hook's event":   "hooks: [{webhook: 'https://a', events: [cluster.redy]}]",
		"a hook's URL":     "hooks: [{webhook: 'ftp://a'}]",
		"half a hook":      "hooks: [{timeout: 10s}]",
		"two in one hook":  "hooks: [{webhook: 'https://a', command: [b]}]",
	} {
		if err := check(t, text); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestFlatLoaderKeepsClusters wants a file with clusters to be an ordinary config.yaml for all other commands: nothing is
// reported, nothing in the list counts as a variable, and an edit leaves its bytes alone.
func TestFlatLoaderKeepsClusters(t *testing.T) {
	data, err := os.ReadFile(mixedFleet)
	if err != nil {
		t.Fatal(err)
	}
	c := load(t, string(data))
	if findings := c.Findings(); len(findings) != 0 {
		t.Errorf("findings: %v", findings)
	}
	if c.IsSet("VSPHERE_NETWORK") || c.IsSet("CLUSTER_CIDR") || c.String("CNI") != "calico" {
		t.Error("a value of the list counts for the file")
	}
	d, err := config.NewDocument(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range []error{
		d.Set("CNI", "antrea"), d.Set("OS_NAME", "ubuntu"), d.EncodeSecrets(tables()),
		d.SetRegion(config.Region{Name: "mgmt", Context: "c", File: "f", IsCurrent: true}),
	} {
		if edit != nil {
			t.Fatal(edit)
		}
	}
	_, list, _ := bytes.Cut(data, []byte("\ndefaults:"))
	if !bytes.Contains(d.Bytes(), append([]byte("\ndefaults:"), list...)) {
		t.Errorf("the list was changed:\n%s", d.Bytes())
	}
	o := fleetOptions(t, write(t, string(d.Bytes())))
	if findings := loadFleet(t, o).Validate(); len(findings) != 0 {
		t.Errorf("after the edits: %v", findings)
	}
}

const shippedFleet = "../../docs/fleet.yaml"

// TestShippedFleet wants the example to be right in a rehearsal, which is where people try it, and to be the one that its
// page shows.
func TestShippedFleet(t *testing.T) {
	o := fleetOptions(t, shippedFleet)
	o.Base = true
	o.File = write(t, string(slices.Concat(
		vsphere.New(vsphere.Options{}).RehearsalConfig(), aws.New(aws.Options{}).RehearsalConfig(), azure.New(azure.Options{}).RehearsalConfig())))
	f := loadFleet(t, o)
	if findings := f.Validate(); len(findings) != 0 {
		t.Errorf("findings: %v", findings)
	}
	clouds := map[string]bool{}
	for _, e := range f.Entries() {
		clouds[e.Infrastructure] = true
	}
	if len(clouds) != 3 {
		t.Errorf("its clouds: %v", clouds)
	}
	text, err := os.ReadFile(shippedFleet)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/fleet.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, list, found := strings.Cut(string(text), "\n\nfleet:"); !found || !strings.Contains(string(page), "```yaml\nfleet:"+list+"```") {
		t.Error("docs/fleet.md shows another file than docs/fleet.yaml")
	}
}
