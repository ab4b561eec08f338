package vsphere

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// check is one question that preflight asks. Its run stores what it found in the inspection, for the checks that need it.
type check struct {
	name     string
	needs    []string // checks that must have passed, else this one is skipped and named as skipped
	machines bool     // only for requests that make machines
	run      func(*inspection, context.Context) uerr.Findings
}

// checks is every check, in the order that people read them.
func checks() []check {
	return []check{
		{name: "type of cluster", machines: true, run: (*inspection).checkType},
		{name: "login", run: (*inspection).checkLogin},
		{name: "API version", needs: []string{"login"}, run: (*inspection).checkVersion},
		{name: "datacenter", needs: []string{"login"}, machines: true, run: (*inspection).checkDatacenter},
		{name: "resource pool", needs: []string{"datacenter"}, machines: true, run: (*inspection).checkPool},
		{name: "cluster", needs: []string{"resource pool"}, machines: true, run: (*inspection).checkCluster},
		{name: "folder", needs: []string{"datacenter"}, machines: true, run: (*inspection).checkFolder},
		{name: "datastore", needs: []string{"datacenter"}, machines: true, run: (*inspection).checkDatastore},
		{name: "network", needs: []string{"datacenter"}, machines: true, run: (*inspection).checkNetwork},
		{name: "template", needs: []string{"datacenter"}, machines: true, run: (*inspection).checkTemplate},
		{name: "Kubernetes version", needs: []string{"template"}, machines: true, run: (*inspection).checkKubernetesVersion},
		{name: "snapshot", needs: []string{"template"}, machines: true, run: (*inspection).checkSnapshot},
		{name: "machine size", needs: []string{"template"}, machines: true, run: (*inspection).checkSizes},
		{name: "free space", needs: []string{"datastore", "template"}, machines: true, run: (*inspection).checkSpace},
		{name: "storage policy", needs: []string{"login"}, machines: true, run: (*inspection).checkPolicy},
		{name: "endpoint", needs: []string{"login"}, machines: true, run: (*inspection).checkEndpoint},
		{name: "endpoint's network", needs: []string{"network", "endpoint"}, machines: true, run: (*inspection).checkEndpointNetwork},
		{name: "privileges", needs: []string{"login"}, machines: true, run: (*inspection).checkPrivileges},
		{name: "SSH key", machines: true, run: (*inspection).checkSSHKey},
	}
}

// inspection is what the checks of one request share; each field is set by the check of that name.
type inspection struct {
	provider *Provider
	request  providers.Request
	conn     *vcenter

	datacenter *object.Datacenter
	pool       *object.ResourcePool
	compute    compute
	folder     *object.Folder
	datastore  datastore
	network    object.NetworkReference
	template   template
	endpoint   address
	machines   []machine // of the whole inventory, once listed
}

// inspect runs a list of checks and gathers their findings. It ends early only when the context does.
func (i *inspection) inspect(ctx context.Context, list []check) (uerr.Findings, error) {
	var findings uerr.Findings
	blocked := map[string]string{} // check -> the check that stopped it
	for _, c := range list {
		if c.machines && i.request.ControlPlane == 0 {
			continue
		}
		if cause := blockedBy(c, blocked); cause != "" {
			blocked[c.name] = cause
			continue
		}
		found := c.run(i, ctx)
		if ctx.Err() != nil {
			return findings, fmt.Errorf("checking the %s: %w", c.name, context.Cause(ctx))
		}
		findings = append(findings, found...)
		if found.Err() != nil {
			blocked[c.name] = c.name
		}
	}
	return append(findings, skipped(list, blocked)...), nil
}

func blockedBy(c check, blocked map[string]string) string {
	for _, need := range c.needs {
		if cause, ok := blocked[need]; ok {
			return cause
		}
	}
	return ""
}

// skipped says, once per failed check, what could not be checked because of it.
func skipped(list []check, blocked map[string]string) uerr.Findings {
	var findings uerr.Findings
	for _, failed := range list {
		var names []string
		for _, c := range list {
			if cause, ok := blocked[c.name]; ok && cause == failed.name && c.name != failed.name {
				names = append(names, c.name)
			}
		}
		if names != nil {
			findings = append(findings, uerr.Finding{
				Severity: uerr.Warning, Where: "preflight",
				Problem: fmt.Sprintf("not checked, because the check of the %s did not pass: %s", failed.name, strings.Join(names, ", ")),
				Next:    "correct what was found and type the same command again",
			})
		}
	}
	return findings
}

func (i *inspection) close(ctx context.Context) {
	if i.conn != nil {
		i.conn.close(ctx)
	}
}

func (i *inspection) config() *config.Config { return i.request.Config }

// refuse is one finding about a variable that stops the work.
func (i *inspection) refuse(key, problem, next string) uerr.Findings {
	return uerr.Findings{{Where: where(i.config(), key), Problem: problem, Next: next}}
}

// warn is one finding about a variable that does not stop the work.
func (i *inspection) warn(key, problem, next string) uerr.Findings {
	return uerr.Findings{{Severity: uerr.Warning, Where: where(i.config(), key), Problem: problem, Next: next}}
}

// trouble is a finding for a call that failed.
func (i *inspection) trouble(ctx context.Context, doing string, err error) uerr.Findings {
	explained := i.conn.target.explain(ctx, err)
	var failed *connectError
	if !errors.As(explained, &failed) {
		return uerr.Findings{{Where: "vCenter", Problem: doing + ": " + explained.Error(), Next: "type the same command again"}}
	}
	return i.blame(failed, doing)
}

// blame turns a connection's error into a finding at the variable that is to blame.
func (i *inspection) blame(e *connectError, doing string) uerr.Findings {
	problem := e.Error()
	if doing != "" {
		problem = doing + ": " + problem
	}
	return uerr.Findings{{Code: e.Code, Where: where(i.config(), e.key), Problem: problem, Next: e.Next}}
}

// oneOf words a choice for the remedy of a wrong value: at most eight names, sorted.
func oneOf(key string, names []string) string {
	if len(names) == 0 {
		return "set " + key + " to another one"
	}
	slices.Sort(names)
	more := ""
	if len(names) > 8 {
		names, more = names[:8], " and others"
	}
	return "set " + key + " to one of: " + strings.Join(names, ", ") + more
}
