package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-sh/slipway/internal/capi"
	"github.com/slipway-sh/slipway/providers/aws"
	"github.com/slipway-sh/slipway/providers/docker"
	"github.com/slipway-sh/slipway/providers/vsphere"
)

// TestVersionsAreThoseOfTheManagers keeps what is installed and what make managers builds together.
func TestVersionsAreThoseOfTheManagers(t *testing.T) {
	for file, c := range map[string]struct{ module, installed string }{
		"capi/go.mod": {"sigs.k8s.io/cluster-api", capi.ClusterAPIVersion},
		"capv/go.mod": {"sigs.k8s.io/cluster-api-provider-vsphere", vsphere.ControllerVersion},
		"capa/go.mod": {"sigs.k8s.io/cluster-api-provider-aws/v2", aws.ControllerVersion},
		"capd/go.mod": {"sigs.k8s.io/cluster-api/test", docker.ControllerVersion},
	} {
		if got := required(t, file, c.module); got != c.installed {
			t.Errorf("%s is installed in %s, but e2e/managers/%s requires %s", c.module, c.installed, file, got)
		}
	}
}

// required is the version of a module in a go.mod of e2e/managers.
func required(t *testing.T, file, module string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("managers", filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == module && strings.HasPrefix(fields[1], "v") {
			return fields[1]
		}
	}
	return "nothing"
}
