package cli

import (
	"testing"

	"github.com/slipway-sh/slipway/internal/view"
)

func TestTypeable(t *testing.T) {
	rehearsal := []string{rehearsing + "=1"}
	tests := map[string]struct {
		as      string
		environ []string
		advice  string
		want    string
	}{
		"as it is": {"slipway", nil, "slipway get clusters, or name its namespace with -n", "slipway get clusters, or name its namespace with -n"},
		"two commands in a rehearsal": {
			"slipway", rehearsal, "slipway management-cluster status; slipway management-cluster start",
			"slipway rehearse -- management-cluster status; slipway rehearse -- management-cluster start",
		},
		"in brackets": {
			"slipway", rehearsal, "look at Machine a/b (slipway describe cluster NAME), then go on",
			"look at Machine a/b (slipway rehearse -- describe cluster NAME), then go on",
		},
		"as tkg":                {"tkg", nil, "slipway get clusters", "tkg get clusters"},
		"as tkg in a rehearsal": {"tkg", rehearsal, "tkg create cluster --help", "tkg rehearse -- create cluster --help"},
		"typeable already":      {"slipway", rehearsal, "to go on, type: slipway rehearse -- init", "to go on, type: slipway rehearse -- init"},
		"no command":            {"slipway", rehearsal, "look into /etc/slipway get it", "look into /etc/slipway get it"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := &Deps{InvokedAs: test.as, Environ: test.environ}
			if got := d.typeable(test.advice); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestTypeableKeepsFlags gives advice in the middle of a command, as warnings do: what the command was given still holds.
func TestTypeableKeepsFlags(t *testing.T) {
	d := &Deps{InvokedAs: "slipway"}
	if err := newRoot(d).PersistentFlags().Parse([]string{"--kubeconfig", "other"}); err != nil {
		t.Fatal(err)
	}
	d.format = view.JSONFormat
	d.typeable("slipway get clusters")
	if d.global.kubeconfig != "other" || d.format != view.JSONFormat {
		t.Errorf("after an advice: --kubeconfig %q, -o %v", d.global.kubeconfig, d.format)
	}
}
