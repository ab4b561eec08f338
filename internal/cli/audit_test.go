package cli

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slipway-sh/slipway/internal/audit"
	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/spf13/cobra"
)

// TestWhatIsRecorded names every command that is not. A new one is recorded until somebody writes it down here.
func TestWhatIsRecorded(t *testing.T) {
	recorded := map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if !cmd.HasSubCommands() {
			_, path, _ := strings.Cut(cmd.CommandPath(), " ")
			recorded[path] = changes(cmd)
		}
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	walk(newRoot(&Deps{InvokedAs: "slipway"}))
	for _, path := range []string{
		"add management-cluster", "apply", "config permissions", "create cluster", "delete cluster", "delete machinehealthcheck",
		"delete management-cluster", "delete nodepool", "image import", "init", "management-cluster start", "management-cluster stop",
		"retry cluster", "scale cluster", "set ceip-participation", "set machinehealthcheck", "set management-cluster", "set nodepool",
		"set virtualnode", "upgrade cluster", "upgrade management-cluster",
	} {
		if known := recorded[path]; !known {
			t.Errorf("%s is not recorded", path)
		}
		delete(recorded, path)
	}
	for path, is := range recorded {
		if is {
			t.Errorf("%s is recorded", path)
		}
	}
	for _, flag := range []struct {
		args []string
		want bool
	}{
		{[]string{"leftovers", "--delete"}, true}, {[]string{"leftovers"}, false},
		{[]string{"create", "cluster", "--dry-run"}, false}, {[]string{"config", "permissions", "--dry-run"}, false},
	} {
		cmd, rest, err := newRoot(&Deps{InvokedAs: "slipway"}).Find(flag.args)
		if err != nil || cmd.ParseFlags(rest) != nil || changes(cmd) != flag.want {
			t.Errorf("%v: recorded %v, %v", flag.args, changes(cmd), err)
		}
	}
}

// TestEachClusterIsRecorded has the clusters of one apply, each with what was done and how it ended.
func TestEachClusterIsRecorded(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	d := &Deps{UserHome: t.TempDir(), InvokedAs: "slipway", Now: func() time.Time { return now }, args: []string{"apply", "-f", "fleet.yaml"}}
	item := func(name string, action fleet.Action) *fleet.Item {
		return &fleet.Item{Management: "mgmt", Namespace: "default", Name: name, Action: action}
	}
	for _, r := range []*fleet.Result{
		{Item: item("a", fleet.Create), Status: fleet.Done},
		{Item: item("b", fleet.Change), Status: fleet.Failed, Err: errors.Join(errors.New("refused"), errors.New("second line"))},
		{Item: item("c", fleet.Delete), Status: fleet.Failed, Err: &uerr.Error{Code: uerr.TimedOut, What: "not gone"}},
		{Item: item("d", fleet.Create), Status: fleet.Skipped},
	} {
		d.recordCluster(t.Context(), nil, now.Add(-90*time.Second), r)
	}
	raw, err := os.ReadFile(audit.Log{Home: d.home()}.Path())
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`"(user|host)":"[^"]*",|"pid":\d+,`).ReplaceAllString(string(raw), "")
	begin := `{"time":"2026-01-02T03:04:05Z","command":"slipway apply -f fleet.yaml",`
	want := begin + `"action":"create","managementCluster":"mgmt","cluster":"default/a","result":"ok","exitCode":0,"seconds":90}` + "\n" +
		begin + `"action":"change","managementCluster":"mgmt","cluster":"default/b","result":"failed","exitCode":1,"seconds":90,"error":"refused"}` + "\n" +
		begin + `"action":"delete","managementCluster":"mgmt","cluster":"default/c","result":"timed out","exitCode":5,"seconds":90,"error":"not gone"}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
