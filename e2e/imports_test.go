package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/slipway-sh/slipway/"

// mayImport is the table of DESIGN.md: what each folder of ours may import of the others.
// A folder that is not named here may import nothing of ours, so that a new one has to be placed.
var mayImport = map[string][]string{
	"internal/uerr":          {},
	"internal/secret":        {},
	"internal/audit":         {},
	"internal/daemon":        {},
	"internal/planectl":      {"internal/daemon"},
	"internal/simctl":        {"internal/daemon"},
	"internal/capictl":       {"internal/daemon", "internal/uerr"},
	"plans":                  {"internal/uerr", "internal/config"},
	"templates":              {},
	"internal/view":          {"internal/uerr"},
	"internal/config":        {"internal/uerr", "internal/secret"},
	"providers":              {"internal/config", "internal/uerr"},
	"providers/preflight":    {"internal/config", "internal/uerr"},
	"providers/providertest": {"providers", "internal/config", "internal/uerr"},
	"providers/vsphere":      {"providers", "providers/preflight", "internal/config", "internal/uerr", "internal/secret"},
	"providers/aws":          {"providers", "providers/preflight", "internal/config", "internal/uerr", "internal/secret"},
	"providers/azure":        {"providers", "providers/preflight", "internal/config", "internal/uerr", "internal/secret"},
	"providers/docker":       {"providers", "providers/preflight", "internal/config", "internal/uerr"},
	"internal/render":        {"internal/config", "internal/uerr", "plans", "templates", "providers"},
	"internal/capi":          {"internal/uerr"},
	"internal/hook":          {"internal/config"},
	"internal/kube":          {"internal/uerr"},
	"internal/phase":         {"internal/kube", "internal/capi", "internal/render", "internal/uerr", "providers"},
	"internal/fleet":         {"internal/config", "internal/phase", "internal/kube", "internal/render", "internal/uerr", "providers"}, // kube and render: it compares objects
	"internal/cli":           {"internal/", "providers", "plans", "templates"},
	"internal/plane":         {"internal/"},
	"internal/sim":           {"internal/"},
	"cmd/slipway":            {"internal/", "providers", "providers/"},
	"cmd/slipway-capi":       {"internal/"},
	"cmd/slipway-plane":      {"internal/"},
	"cmd/slipway-sim":        {"internal/"},
	"e2e":                    {""},
}

// neverLinked are the packages that a program must not carry, each with the reason.
var neverLinked = map[string]map[string]string{
	"cmd/slipway": {
		"k8s.io/kubernetes/":                           "the CLI starts fast and links no API server",
		"sigs.k8s.io/cluster-api/cmd/clusterctl/":      "its packages take a third of the start-up time; slipway-capi links them",
		"go.etcd.io/etcd/server/":                      "the CLI links no etcd",
		"github.com/vmware/govmomi/simulator":          "the simulator is a program of its own",
		"sigs.k8s.io/cluster-api/test/":                "the simulator is a program of its own",
		"github.com/slipway-sh/slipway/internal/plane": "the CLI sees a management cluster only as a kubeconfig",
		"github.com/slipway-sh/slipway/internal/sim":   "the simulator is a program of its own",
	},
	"cmd/slipway-sim": {
		"k8s.io/kubernetes/":                           "the simulator needs no API server of its own",
		"github.com/slipway-sh/slipway/internal/plane": "the simulator knows nothing of the management cluster",
	},
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestEachFolderImportsOnlyWhatTheDesignAllows(t *testing.T) {
	for _, p := range goList(t, "./...") {
		folder := strings.TrimPrefix(p.ImportPath, module)
		if folder == "internal/keep" {
			continue
		}
		allowed, ok := allowedFor(folder)
		if !ok {
			t.Errorf("%s is in no row of the table: add it to mayImport with what it may import", folder)
			continue
		}
		for _, imported := range p.Imports {
			inner, ours := strings.CutPrefix(imported, module)
			if ours && !allows(allowed, inner) && !within(inner, rootOf(folder)) {
				t.Errorf("%s imports %s, which the design does not allow", folder, inner)
			}
		}
	}
}

func TestProgramsDoNotLinkWhatTheyMustNot(t *testing.T) {
	for program, banned := range neverLinked {
		for _, p := range goList(t, "./"+program) {
			for prefix, reason := range banned {
				if i := slices.IndexFunc(p.Deps, func(d string) bool { return within(d, prefix) }); i >= 0 {
					t.Errorf("%s links %s: %s", program, p.Deps[i], reason)
				}
			}
		}
	}
}

// allowedFor finds the row of the nearest parent folder.
func allowedFor(folder string) ([]string, bool) {
	for {
		if allowed, ok := mayImport[folder]; ok {
			return allowed, true
		}
		i := strings.LastIndexByte(folder, '/')
		if i < 0 {
			return nil, false
		}
		folder = folder[:i]
	}
}

func rootOf(folder string) string {
	for {
		if _, ok := mayImport[folder]; ok {
			return folder
		}
		folder = folder[:strings.LastIndexByte(folder, '/')]
	}
}

func allows(allowed []string, imported string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		return imported == a || a == "" || strings.HasSuffix(a, "/") && strings.HasPrefix(imported, a)
	})
}

func within(path, root string) bool {
	return path == root || strings.HasPrefix(path, strings.TrimSuffix(root, "/")+"/")
}

func goList(t *testing.T, pattern string) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Deps", pattern)
	cmd.Dir = ".."
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(out); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("go list %s: %v\n%s", pattern, err, stderr.String())
	}
	return packages
}
