package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
)

// versionInfo is what -o json prints.
type versionInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Date     string `json:"date,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Show which version of Slipway this is",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return runVersion(d) },
	}
	bindOutput(cmd, d)
	return cmd
}

func runVersion(d *Deps) error {
	build := d.Build.complete()
	info := versionInfo{
		Version: build.Version, Commit: build.Commit, Date: build.Date,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	return d.print(view.Result{
		Text:  fmt.Sprintf("slipway %s\n", info.Version),
		Wide:  fmt.Sprintf("slipway %s (commit %s, built %s, %s, %s)\n", info.Version, known(info.Commit), known(info.Date), info.Go, info.Platform),
		Data:  info,
		Names: []string{"version/" + info.Version},
	})
}

func known(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}

// complete adds what the Go toolchain put into the program about its sources.
func (b Build) complete() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok || b.Commit != "" {
		return b
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Commit = setting.Value
		case "vcs.time":
			b.Date = setting.Value
		}
	}
	return b
}
