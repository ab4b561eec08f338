package aws

import (
	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// check is one question that preflight asks.
type check = preflight.Check[*inspection]

// checks is every check, in the order that people read them. What AWS runs itself of an EKS cluster, and the images that
// it chooses, leave nothing to check.
func checks() []check {
	return []check{
		{Name: "credentials", Run: (*inspection).checkCredentials},
		{Name: "region", Needs: []string{"credentials"}, Run: (*inspection).checkRegion},
		{Name: "type of cluster", Only: (*inspection).makesMachines, Run: (*inspection).checkType},
		{Name: "zones of the plan", Only: (*inspection).makesMachines, Run: (*inspection).checkPlan},
		{Name: "zones", Needs: []string{"region"}, Only: (*inspection).makesMachines, Run: (*inspection).checkZones},
		{Name: "instance types", Needs: []string{"region"}, Only: (*inspection).makesMachines, Run: (*inspection).checkInstanceTypes},
		{Name: "offers of the zones", Needs: []string{"zones", "instance types"}, Only: (*inspection).makesMachines, Run: (*inspection).checkOffers},
		{Name: "key pair", Needs: []string{"region"}, Only: (*inspection).makesMachines, Run: (*inspection).checkKeyPair},
		{Name: "Kubernetes version", Only: (*inspection).ofEKS, Run: (*inspection).checkVersion},
		{Name: "node volumes", Only: (*inspection).ofEKS, Run: (*inspection).checkNodeVolumes},
		{Name: "settings without effect", Only: (*inspection).ofEKS, Run: (*inspection).checkIgnored},
		{Name: "image", Needs: []string{"region"}, Only: (*inspection).ofEC2, Run: (*inspection).checkImage},
		{Name: "image's processor", Needs: []string{"image", "instance types"}, Only: (*inspection).ofEC2, Run: (*inspection).checkProcessor},
		{Name: "root volumes", Needs: []string{"image"}, Only: (*inspection).ofEC2, Run: (*inspection).checkRootVolumes},
		{Name: "permissions stack", Needs: []string{"credentials"}, Only: (*inspection).ofEC2, Run: (*inspection).checkPermissions},
		{Name: "roles of EKS", Needs: []string{"credentials"}, Only: (*inspection).ofEKS, Run: (*inspection).checkRoles},
		{Name: "VPC", Needs: []string{"region"}, Only: (*inspection).makesMachines, Run: (*inspection).checkVPC},
		{Name: "subnets", Needs: []string{"VPC"}, Only: (*inspection).makesMachines, Run: (*inspection).checkSubnets},
		{Name: "quotas", Needs: []string{"region", "instance types"}, Only: (*inspection).makesMachines, Run: (*inspection).checkQuotas},
		{Name: "tags", Only: (*inspection).makesMachines, Run: (*inspection).checkTags},
		{Name: "proxy and registry", Only: (*inspection).ofEC2, Run: (*inspection).checkProxy},
	}
}

// inspection is what the checks of one request share; each field is set by the check of that name.
type inspection struct {
	provider *Provider
	request  providers.Request
	cloud    *cloud

	account string
	types   map[string]instanceType
	image   image
	vpc     network
}

// makesMachines is false for a request that is for a management plane only.
func (i *inspection) makesMachines() bool { return i.request.ControlPlane > 0 }

func (i *inspection) ofEC2() bool { return i.makesMachines() && i.clusterType() == typeEC2 }

func (i *inspection) ofEKS() bool { return i.makesMachines() && i.clusterType() == typeEKS }

func (i *inspection) config() *config.Config { return i.request.Config }
