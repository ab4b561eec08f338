package cli

import (
	"strings"
	"testing"

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
