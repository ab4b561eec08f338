package vsphere

import (
	"context"

	"github.com/vmware/govmomi/object"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// check is one question that preflight asks.
type check = preflight.Check[*inspection]

// checks is every check, in the order that people read them.
func checks() []check {
	return []check{
		{Name: "type of cluster", Only: (*inspection).makesMachines, Run: (*inspection).checkType},
		{Name: "login", Run: (*inspection).checkLogin},
		{Name: "API version", Needs: []string{"login"}, Run: (*inspection).checkVersion},
		{Name: "datacenter", Needs: []string{"login"}, Only: (*inspection).makesMachines, Run: (*inspection).checkDatacenter},
		{Name: "resource pool", Needs: []string{"datacenter"}, Only: (*inspection).makesMachines, Run: (*inspection).checkPool},
		{Name: "cluster", Needs: []string{"resource pool"}, Only: (*inspection).makesMachines, Run: (*inspection).checkCluster},
		{Name: "folder", Needs: []string{"datacenter"}, Only: (*inspection).makesMachines, Run: (*inspection).checkFolder},
		{Name: "datastore", Needs: []string{"datacenter"}, Only: (*inspection).makesMachines, Run: (*inspection).checkDatastore},
		{Name: "network", Needs: []string{"datacenter"}, Only: (*inspection).makesMachines, Run: (*inspection).checkNetwork},
		{Name: "template", Needs: []string{"datacenter"}, Only: (*inspection).makesMachines, Run: (*inspection).checkTemplate},
		{Name: "Kubernetes version", Needs: []string{"template"}, Only: (*inspection).makesMachines, Run: (*inspection).checkKubernetesVersion},
		{Name: "snapshot", Needs: []string{"template"}, Only: (*inspection).makesMachines, Run: (*inspection).checkSnapshot},
		{Name: "machine size", Needs: []string{"template"}, Only: (*inspection).makesMachines, Run: (*inspection).checkSizes},
		{Name: "free space", Needs: []string{"datastore", "template"}, Only: (*inspection).makesMachines, Run: (*inspection).checkSpace},
		{Name: "storage policy", Needs: []string{"login"}, Only: (*inspection).makesMachines, Run: (*inspection).checkPolicy},
		{Name: "endpoint", Needs: []string{"login"}, Only: (*inspection).makesMachines, Run: (*inspection).checkEndpoint},
		{Name: "endpoint's network", Needs: []string{"network", "endpoint"}, Only: (*inspection).makesMachines, Run: (*inspection).checkEndpointNetwork},
		{Name: "privileges", Needs: []string{"login"}, Only: (*inspection).makesMachines, Run: (*inspection).checkPrivileges},
		{Name: "SSH key", Only: (*inspection).makesMachines, Run: (*inspection).checkSSHKey},
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

// makesMachines is false for a request that is for a management plane only.
func (i *inspection) makesMachines() bool { return i.request.ControlPlane > 0 }

func (i *inspection) close(ctx context.Context) {
	if i.conn != nil {
		i.conn.close(ctx)
	}
}

func (i *inspection) config() *config.Config { return i.request.Config }

// refuse is one finding about a variable that stops the work.
func (i *inspection) refuse(key, problem, next string) uerr.Findings {
	return preflight.Refuse(i.config(), key, problem, next)
}

// warn is one finding about a variable that does not stop the work.
func (i *inspection) warn(key, problem, next string) uerr.Findings {
	return preflight.Warn(i.config(), key, problem, next)
}

// trouble is a finding for a call that failed.
func (i *inspection) trouble(ctx context.Context, doing string, err error) uerr.Findings {
	return preflight.Trouble(i.config(), "vCenter", doing, i.conn.target.explain(ctx, err))
}
