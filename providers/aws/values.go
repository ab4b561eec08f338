package aws

import (
	"cmp"
	"context"
	"errors"
	"strconv"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// resolving is what Values needs to know of AWS; Preflight asks the rest.
func resolving() []check {
	return []check{
		{Name: "type of cluster", Only: (*inspection).makesMachines, Run: (*inspection).checkType},
		{Name: "zones of the plan", Only: (*inspection).makesMachines, Run: (*inspection).checkPlan},
		{Name: "Kubernetes version", Only: (*inspection).ofEKS, Run: (*inspection).checkVersion},
		{Name: "node volumes", Only: (*inspection).ofEKS, Run: (*inspection).checkNodeVolumes},
		{Name: "image", Only: (*inspection).ofEC2, Run: (*inspection).checkImage},
	}
}

// Values finds the image of the Kubernetes version, and gives the variables of templates/aws/clusterclass.yaml, or of
// eks.yaml, and a pool of workers for each zone. A request without machines gets the controller's credentials only, and AWS is asked nothing
// but what the source of the credentials asks.
func (p *Provider) Values(ctx context.Context, r providers.Request) (providers.Values, error) {
	opened, err := p.open(ctx, r.Config)
	if err != nil {
		return providers.Values{}, err
	}
	values := providers.Values{Controller: providers.Controller{Version: ControllerVersion, Variables: map[string]string{
		keyEncoded:         credentialsFile(opened.credentials, opened.region),
		"EXP_MACHINE_POOL": "true", // managed node groups; this controller has them off by default
	}}}
	if r.ControlPlane == 0 {
		return values, nil
	}
	i := &inspection{provider: p, request: r, cloud: opened}
	found, err := preflight.Run(ctx, i, resolving())
	if err = errors.Join(err, found.Err()); err != nil {
		return providers.Values{}, err
	}
	values.KubernetesVersion = cmp.Or(i.image.version, r.KubernetesVersion)
	if i.clusterType() == typeEKS {
		values.Class, values.KubernetesVersion = classEKS, wholeVersion(r.KubernetesVersion)
	}
	if values.Variables, err = i.variables(); err != nil {
		return providers.Values{}, err
	}
	values.Pools, err = i.pools()
	return values, err
}

// variables are JSON values by the names of the ClusterClass.
func (i *inspection) variables() (map[string]any, error) {
	c := i.config()
	workers, wrongWorkers := i.worker(keyWorkerType)
	tags, wrongTags := configuredTags(c)
	tags[ownerTag] = i.owner()
	balancer := map[string]any{"scheme": "internet-facing"}
	if c.Bool(keyInternal) {
		balancer["scheme"] = "internal"
	}
	v := map[string]any{
		"region":       i.cloud.region,
		"sshKeyName":   c.String(keyKeyPair),
		"network":      networkVariable(c),
		"bastion":      c.Bool(keyBastion),
		"worker":       workers,
		"tags":         tags,
		"loadBalancer": balancer,
	}
	var wrongOwn error
	if i.clusterType() == typeEC2 {
		balancer["type"] = "nlb"
		wrongOwn = i.setSelfManaged(v)
	}
	if err := errors.Join(wrongWorkers, wrongTags.Err(), wrongOwn); err != nil {
		return nil, err
	}
	return preflight.Plain(v)
}

// setSelfManaged adds what only a cluster has whose control plane is machines of its own.
func (i *inspection) setSelfManaged(v map[string]any) error {
	c := i.config()
	front, wrongFront := controlPlane(c)
	v["ami"], v["controlPlane"] = map[string]any{"id": i.image.id}, front
	proxy, wrongProxy := preflight.Proxy(c)
	preflight.SetObject(v, "proxy", proxy)
	registry, wrongRegistry := preflight.Registry(c)
	preflight.SetObject(v, "registry", registry)
	return errors.Join(wrongFront, append(wrongProxy, wrongRegistry...).Err())
}

// pools gives each zone a pool of its own, so that workers stay spread whatever happens to a zone.
func (i *inspection) pools() ([]providers.Pool, error) {
	c, zones := i.config(), zonesOf(i.config())
	counts, err := workersPerZone(c, zones, i.request.Workers)
	if err != nil {
		return nil, err
	}
	var pools []providers.Pool
	for n, z := range zones {
		pool := providers.Pool{Name: "md-" + strconv.Itoa(n), FailureDomain: z.name, Replicas: counts[n]}
		if key := workerTypeKey(c, z); c.String(key) != c.String(keyWorkerType) {
			own, err := i.worker(key)
			if err != nil {
				return nil, err
			}
			if pool.Variables, err = preflight.Plain(map[string]any{"worker": own}); err != nil {
				return nil, err
			}
		}
		pools = append(pools, pool)
	}
	return pools, nil
}

// checkProxy looks at what Values would refuse.
func (i *inspection) checkProxy(context.Context) uerr.Findings {
	_, findings := preflight.Proxy(i.config())
	_, more := preflight.Registry(i.config())
	return append(findings, more...)
}
