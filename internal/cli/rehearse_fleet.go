package cli

import (
	"path/filepath"
	"slices"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// fleetTour is the life of the clusters of files, as the commands that a person would type. The files are read as the
// rehearsed commands will read them, with the rehearsal's config.yaml behind them.
func (d *Deps) fleetTour(r rehearsal, files []string) ([][]string, error) {
	options, err := d.fleetOptions(config.Options{
		File: filepath.Join(r.home(), "config.yaml"), Home: r.home(), Tables: d.Tables(), Environ: d.Environ,
	}, files)
	if err != nil {
		return nil, err
	}
	loaded, err := config.LoadFleet(options)
	if err != nil {
		return nil, err
	}
	if refused := loaded.Validate().Err(); refused != nil {
		return nil, refused
	}
	var named []string // -f FILE
	for _, file := range files {
		named = append(named, "-f", file)
	}
	var begin, end [][]string
	var clouds []string
	for _, e := range loaded.Entries() {
		end = append(end, []string{"delete", "cluster", e.Name, "-n", e.Namespace, "--yes", "--wait"})
		if !slices.Contains(clouds, e.Infrastructure) {
			clouds = append(clouds, e.Infrastructure)
		}
	}
	for _, cloud := range clouds {
		p := d.provider(cloud)
		if _, simulated := p.(rehearsable); !simulated {
			return nil, uerr.Findings{{Where: "--filename", Problem: "there is no rehearsal of " + cloud, Next: "rehearse the other clusters with a file of their own"}}
		}
		if _, keeps := p.(PermissionKeeper); keeps {
			begin = append(begin, []string{"config", "permissions", cloud})
		}
		begin = append(begin, []string{"init", "-i", cloud, "--local", "--name", "rehearsal"})
	}
	return slices.Concat(begin, [][]string{
		append([]string{"diff"}, named...),
		slices.Concat([]string{"apply"}, named, []string{"--yes"}),
		{"get", "clusters"},
		append([]string{"diff"}, named...),
	}, end, [][]string{{"get", "clusters"}}), nil
}
