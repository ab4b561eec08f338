package aws

import (
	"context"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
)

// quota is one of AWS's limits on a region, and how its use is counted.
type quota struct {
	service, code string
	what          string // "virtual CPUs of standard instances"
	used          func(*inspection, context.Context) (int, error)
}

// The quotas that a cluster takes from; the codes are AWS's own.
func vpcQuota() quota {
	return quota{service: "vpc", code: "L-F678F1CE", what: "VPCs", used: (*inspection).usedVPCs}
}

func addressQuota() quota {
	return quota{service: "ec2", code: "L-0263D0A3", what: "elastic IP addresses", used: (*inspection).usedAddresses}
}

func balancerQuota() quota {
	return quota{service: "elasticloadbalancing", code: "L-69A177A2", what: "network load balancers", used: (*inspection).usedBalancers}
}

func cpuQuota(class cpuClass) quota {
	return quota{service: "ec2", code: class.code, what: "virtual CPUs of " + class.what, used: func(i *inspection, ctx context.Context) (int, error) {
		return i.usedCPUs(ctx, class)
	}}
}

// cpuClass is the instance families that share one quota of virtual CPUs.
type cpuClass struct{ code, what string }

// cpuClassOf reads the family off an instance type, such as m5.large. False is for families that this table lacks.
func cpuClassOf(instanceType string) (cpuClass, bool) {
	family := strings.TrimRight(strings.SplitN(instanceType, ".", 2)[0], "abcdefghijklmnopqrstuvwxyz-")
	family = strings.TrimRight(family, "0123456789")
	switch family {
	case "a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z":
		return cpuClass{"L-1216C47A", "standard instances (A, C, D, H, I, M, R, T, Z)"}, true
	case "g", "gr", "vt":
		return cpuClass{"L-DB2E81BA", "G and VT instances"}, true
	case "p":
		return cpuClass{"L-417A185B", "P instances"}, true
	case "f":
		return cpuClass{"L-74FC7D96", "F instances"}, true
	case "x":
		return cpuClass{"L-7295265B", "X instances"}, true
	case "inf":
		return cpuClass{"L-1945791B", "Inf instances"}, true
	case "trn":
		return cpuClass{"L-2C3B7624", "Trn instances"}, true
	}
	return cpuClass{}, false
}

// limit is the quota in effect; where none was ever applied, the service's default.
func (i *inspection) limit(ctx context.Context, q quota) (int, error) {
	applied, err := i.cloud.quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &q.service, QuotaCode: &q.code})
	if err == nil {
		return int(sdk.ToFloat64(applied.Quota.Value)), nil
	}
	if codeOf(err) != "NoSuchResourceException" && codeOf(err) != "NoSuchResource" {
		return 0, err
	}
	pages := servicequotas.NewListAWSDefaultServiceQuotasPaginator(i.cloud.quotas, &servicequotas.ListAWSDefaultServiceQuotasInput{ServiceCode: &q.service})
	for pages.HasMorePages() {
		page, other := pages.NextPage(ctx)
		if other != nil {
			return 0, err
		}
		for _, standard := range page.Quotas {
			if sdk.ToString(standard.QuotaCode) == q.code {
				return int(sdk.ToFloat64(standard.Value)), nil
			}
		}
	}
	return 0, err
}

// What the cluster has already is not counted as used: it is in the plan's own number.

func (i *inspection) usedVPCs(ctx context.Context) (int, error) {
	pages := ec2.NewDescribeVpcsPaginator(i.cloud.ec2, &ec2.DescribeVpcsInput{})
	used := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		for _, v := range page.Vpcs {
			used += i.other(v.Tags)
		}
	}
	return used, nil
}

func (i *inspection) usedAddresses(ctx context.Context) (int, error) {
	answer, err := i.cloud.ec2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	if err != nil {
		return 0, err
	}
	used := 0
	for _, a := range answer.Addresses {
		used += i.other(a.Tags)
	}
	return used, nil
}

// usedBalancers leaves out the upstream controller's own load balancer by its name, to save a call for its tags.
func (i *inspection) usedBalancers(ctx context.Context) (int, error) {
	pages := elbv2.NewDescribeLoadBalancersPaginator(i.cloud.balancers, &elbv2.DescribeLoadBalancersInput{})
	used := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		for _, b := range page.LoadBalancers {
			if b.Type == elbv2types.LoadBalancerTypeEnumNetwork && sdk.ToString(b.LoadBalancerName) != i.request.Name+"-apiserver" {
				used++
			}
		}
	}
	return used, nil
}

func (i *inspection) usedCPUs(ctx context.Context, class cpuClass) (int, error) {
	pages := ec2.NewDescribeInstancesPaginator(i.cloud.ec2, &ec2.DescribeInstancesInput{
		Filters: filter("instance-state-name", "pending", "running"),
	})
	used := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		for _, r := range page.Reservations {
			for _, m := range r.Instances {
				if of, ok := cpuClassOf(string(m.InstanceType)); ok && of == class && m.InstanceLifecycle == "" {
					used += i.other(m.Tags) * cpus(m)
				}
			}
		}
	}
	return used, nil
}

func cpus(m ec2types.Instance) int {
	if m.CpuOptions == nil {
		return 1
	}
	return int(sdk.ToInt32(m.CpuOptions.CoreCount)) * int(sdk.ToInt32(m.CpuOptions.ThreadsPerCore))
}

// other is 1 for what is not this cluster's.
func (i *inspection) other(tags []ec2types.Tag) int {
	if tagsOf(tags)[ownerTag] == i.owner() {
		return 0
	}
	return 1
}
