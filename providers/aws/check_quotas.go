package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// bastionType is the upstream controller's choice for the bastion host, with two virtual CPUs.
const bastionType = "t3.micro"

// demand is how much of a quota the plan takes, and the variable that decides it.
type demand struct {
	quota
	adds int
	key  string
}

// checkQuotas warns when the plan and what the region holds already would pass a quota. Quotas can be raised meanwhile,
// and a rolling upgrade needs one machine more; so it never refuses.
func (i *inspection) checkQuotas(ctx context.Context) uerr.Findings {
	demands, err := i.demands()
	if err != nil {
		return i.refuse(keyWorkerCount, err.Error(), "set it to a whole number")
	}
	var findings uerr.Findings
	var unknown []string
	var last error
	for _, d := range demands {
		limit, err := i.limit(ctx, d.quota)
		if err == nil {
			var used int
			if used, err = d.used(i, ctx); err == nil && used+d.adds > limit {
				findings = append(findings, i.warn(d.key, fmt.Sprintf("the plan takes %d %s; %d of %d are in use in region %s", d.adds, d.what, used, limit, i.cloud.region),
					fmt.Sprintf("ask for more: aws service-quotas request-service-quota-increase --region %s --service-code %s --quota-code %s --desired-value %d",
						i.cloud.region, d.service, d.code, used+d.adds))...)
			}
		}
		if err != nil {
			unknown, last = append(unknown, d.what), err
		}
	}
	if unknown != nil {
		findings = append(findings, i.unchecked(keyRegion, "the quotas of "+strings.Join(unknown, ", "), last)...)
	}
	return findings
}

// demands is what a cluster of this plan takes: machines and bastion, a load balancer, and for a new VPC a gateway with
// an address in each zone. The control plane and the balancer of EKS are AWS's own.
func (i *inspection) demands() ([]demand, error) {
	c, zones := i.config(), zonesOf(i.config())
	counts, err := workersPerZone(c, zones, i.request.Workers)
	if err != nil {
		return nil, err
	}
	cpus, order := map[cpuClass]*demand{}, []cpuClass(nil)
	add := func(name string, vcpus int, key string) {
		class, ok := cpuClassOf(name)
		if !ok || vcpus == 0 {
			return
		}
		if cpus[class] == nil {
			cpus[class] = &demand{quota: cpuQuota(class), key: key}
			order = append(order, class)
		}
		cpus[class].adds += vcpus
	}
	var demands []demand
	if i.clusterType() == typeEC2 {
		demands = append(demands, demand{quota: balancerQuota(), adds: 1, key: keyRegion})
		add(c.String(keyControlPlaneType), i.request.ControlPlane*i.types[c.String(keyControlPlaneType)].vcpus, keyControlPlaneType)
	}
	for n, z := range zones {
		key := workerTypeKey(c, z)
		add(c.String(key), counts[n]*i.types[c.String(key)].vcpus, key)
	}
	if c.Bool(keyBastion) {
		add(bastionType, 2, keyBastion)
	}
	for _, class := range order {
		demands = append(demands, *cpus[class])
	}
	if !existing(c) {
		demands = append(demands, demand{quota: vpcQuota(), adds: 1, key: keyVPC}, demand{quota: addressQuota(), adds: len(zones), key: keyZone})
	}
	return demands, nil
}
