package cli_test

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/slipway-sh/slipway/internal/cli"
	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/aws"
	"github.com/slipway-sh/slipway/providers/azure"
	"github.com/slipway-sh/slipway/providers/docker"
	"github.com/slipway-sh/slipway/providers/vsphere"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"slipway": func() { os.Exit(run("slipway")) },
		"tkg":     func() { os.Exit(run("/usr/local/bin/tkg")) },
	})
}

func run(program string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return int(cli.Run(ctx, cli.Deps{
		Streams:   view.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr},
		Environ:   os.Environ(),
		UserHome:  os.Getenv("HOME"),
		InvokedAs: cli.InvokedAs(program),
		Build:     cli.Build{Version: "v0.0.1-test", Commit: "abc1234", Date: "2026-01-02"},
		Now:       time.Now,
		Tables:    tables,
		Providers: []providers.Provider{vsphere.New(vsphere.Options{}), docker.New()},
	}, os.Args[1:]))
}

// TestScripts runs testdata/script/*.txtar. Each has a home of its own and no network.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code":     wantCode,
			"noescape": wantNoEscape,
			"expand":   expandFile,
		},
	})
}

// tables are the real ones, so that a variable that a provider renames is noticed here.
func tables() []config.Table {
	return []config.Table{
		{Provider: "vsphere", Variables: vsphere.Variables()},
		{Provider: "aws", Variables: aws.Variables()},
		{Provider: "azure", Variables: azure.Variables()},
		{Provider: "docker", Variables: docker.Variables()},
	}
}
