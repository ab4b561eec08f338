package cli

import (
	"path/filepath"

	"github.com/slipway-sh/slipway/internal/planectl"
)

// planeIn names the plane of a home; a rehearsal has one of its own.
func (d *Deps) planeIn(home string) planectl.Plane {
	return planectl.Plane{Dir: filepath.Join(home, "plane"), Repository: d.repository(), Env: d.Environ}
}

// repository is the folder of provider artifacts: $SLIPWAY_REPOSITORY, or the one in the home.
func (d *Deps) repository() string {
	if dir := d.env("SLIPWAY_REPOSITORY"); dir != "" {
		return dir
	}
	return filepath.Join(d.home(), "repository")
}
