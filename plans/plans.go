// Package plans holds the named sizes of clusters: dev and prod, and those that users put into their home. A plan is
// counts and default values of variables; it holds no Kubernetes objects.
package plans

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

//go:embed dev.yaml prod.yaml
var embedded embed.FS

// folder is where users put their plans, below Slipway's home.
const folder = "plans"

// Plan is one named size. Variables take effect between config.yaml and the defaults.
type Plan struct {
	Name         string
	Description  string
	ControlPlane int // machines, odd
	Workers      int // machines
	MinWorkers   int // fewer are refused; 0 means any number
	Variables    map[string]string
	Source       string // the file, or "built in"
}

// Load gives dev, prod and the user's own plans, by name. A plan of the user may replace a built-in one. The map is
// complete but for files that are wrong; the error is uerr.Findings with file and line of each.
func Load(home string) (map[string]Plan, error) {
	all := map[string]Plan{}
	findings := readAll(embedded, ".", "built in", all)
	if home == "" {
		return all, findings.Err()
	}
	root := filepath.Join(home, folder)
	if info, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return all, findings.Err()
	} else if err != nil || !info.IsDir() {
		return all, append(findings, uerr.Finding{Where: root, Problem: "is not a folder that can be read", Next: "ls -ld " + root})
	}
	return all, append(findings, readAll(os.DirFS(root), root, "", all)...).Err()
}

// readAll adds the plans of a folder; shown is the folder's name in messages, source replaces it in the plans.
func readAll(files fs.FS, shown, source string, all map[string]Plan) uerr.Findings {
	var findings uerr.Findings
	names, err := fs.Glob(files, "*.y*ml")
	if err != nil {
		return uerr.Findings{{Where: shown, Problem: err.Error()}}
	}
	own := map[string]string{}
	for _, file := range names {
		where := filepath.Join(shown, file)
		data, err := fs.ReadFile(files, file)
		if err != nil {
			findings = append(findings, uerr.Finding{Code: uerr.Failure, Where: where, Problem: "cannot be read", Next: "chmod 600 " + where})
			continue
		}
		p, found := parse(planName(file), where, data)
		if found.Err() == nil && own[p.Name] != "" {
			found = append(found, uerr.Finding{
				Where: where, Problem: fmt.Sprintf("the plan %s is in %s already", p.Name, own[p.Name]), Next: "remove one of the two files",
			})
		}
		findings = append(findings, found...)
		if found.Err() != nil {
			continue
		}
		own[p.Name] = where
		p.Source = where
		if source != "" {
			p.Source = source
		}
		all[p.Name] = p
	}
	return findings
}

// planName takes a plan's name from its file. TKG called its files cluster-template-NAME.yaml.
func planName(file string) string {
	name := strings.TrimSuffix(file, path.Ext(file))
	for _, prefix := range []string{"cluster-template-definition-", "cluster-template-"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

// Find gives the plan of that name. An unknown one is refused with the names there are; where says who named it.
func Find(all map[string]Plan, name, where string) (Plan, error) {
	if p, ok := all[name]; ok {
		return p, nil
	}
	known := slices.Sorted(maps.Keys(all))
	f := uerr.Finding{
		Where:   where,
		Problem: fmt.Sprintf("unknown plan %q; there are %s", name, strings.Join(known, ", ")),
		Next:    fmt.Sprintf("take one of them, or put your own into plans/%s.yaml of Slipway's home", name),
	}
	if near := config.Nearest(name, known); near != "" {
		f.Problem += fmt.Sprintf(" (did you mean %s?)", near)
		f.Next = "type --plan " + near
	}
	return Plan{}, uerr.Findings{f}
}

// Values are the plan's variables with its counts among them, ready for config.WithPlan.
func (p Plan) Values() map[string]string {
	values := map[string]string{
		"CONTROL_PLANE_MACHINE_COUNT": strconv.Itoa(p.ControlPlane),
		"WORKER_MACHINE_COUNT":        strconv.Itoa(p.Workers),
	}
	maps.Copy(values, p.Variables)
	return values
}

// Check refuses fewer workers than the plan allows; where names the origin of the count.
func (p Plan) Check(workers int, where string) uerr.Findings {
	if workers >= p.MinWorkers {
		return nil
	}
	return uerr.Findings{{
		Where:   where,
		Problem: fmt.Sprintf("plan %s wants at least %d workers, not %d", p.Name, p.MinWorkers, workers),
		Next:    fmt.Sprintf("ask for %d workers or more, or take a smaller plan: --plan dev", p.MinWorkers),
	}}
}
