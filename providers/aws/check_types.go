package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// instanceType is what the checks need to know of one.
type instanceType struct {
	vcpus      int
	processors []types.ArchitectureType
}

// wantedType is an instance type, the variable that names it, and the zones that must offer it.
type wantedType struct {
	name, key string
	zones     []zone
}

// wantedTypes gives each variable once: control plane machines may come up in any zone, workers in their own.
func (i *inspection) wantedTypes() []wantedType {
	c, zones := i.config(), zonesOf(i.config())
	var wanted []wantedType
	if i.clusterType() == typeEC2 {
		wanted = append(wanted, wantedType{name: c.String(keyControlPlaneType), key: keyControlPlaneType, zones: zones})
	}
	for _, z := range zones {
		key := workerTypeKey(c, z)
		at := slices.IndexFunc(wanted, func(w wantedType) bool { return w.key == key })
		if at < 0 {
			wanted, at = append(wanted, wantedType{name: c.String(key), key: key}), len(wanted)
		}
		wanted[at].zones = append(wanted[at].zones, z)
	}
	return wanted
}

// checkInstanceTypes wants each instance type to be one of the region's. The filter, unlike a list of names, gives those
// that are there instead of refusing all for one that is not.
func (i *inspection) checkInstanceTypes(ctx context.Context) uerr.Findings {
	wanted := i.wantedTypes()
	var names []string
	for _, w := range wanted {
		names = append(names, w.name)
	}
	pages := ec2.NewDescribeInstanceTypesPaginator(i.cloud.ec2, &ec2.DescribeInstanceTypesInput{Filters: filter("instance-type", names...)})
	i.types = map[string]instanceType{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return i.trouble(ctx, "looking for the instance types", err)
		}
		for _, t := range page.InstanceTypes {
			found := instanceType{}
			if t.VCpuInfo != nil {
				found.vcpus = int(sdk.ToInt32(t.VCpuInfo.DefaultVCpus))
			}
			if t.ProcessorInfo != nil {
				found.processors = t.ProcessorInfo.SupportedArchitectures
			}
			i.types[string(t.InstanceType)] = found
		}
	}
	var findings uerr.Findings
	for _, w := range wanted {
		if _, ok := i.types[w.name]; !ok {
			findings = append(findings, i.refuse(w.key, fmt.Sprintf("region %s has no instance type %q", i.cloud.region, w.name),
				"set "+w.key+" to an instance type of the region, such as m5.large")...)
		}
	}
	return findings
}

// checkOffers wants each zone to offer the types of the machines that come up in it.
func (i *inspection) checkOffers(ctx context.Context) uerr.Findings {
	wanted := i.wantedTypes()
	var findings uerr.Findings
	for _, w := range wanted {
		offered, err := i.offeredIn(ctx, w.name)
		if err != nil {
			return append(findings, i.trouble(ctx, "asking which zones offer "+w.name, err)...)
		}
		var lacking []string
		for _, z := range w.zones {
			if !slices.Contains(offered, z.name) {
				lacking = append(lacking, z.name)
			}
		}
		if lacking != nil {
			slices.Sort(offered)
			next := "set " + w.key + " to a type that they offer"
			if len(offered) > 0 {
				next += ", or use the zones that offer it: " + strings.Join(offered, ", ")
			}
			findings = append(findings, i.refuse(w.key, fmt.Sprintf("instance type %s is not offered in %s", w.name, strings.Join(lacking, ", ")), next)...)
		}
	}
	return findings
}

// offeredIn are the zones of the region that offer a type.
func (i *inspection) offeredIn(ctx context.Context, name string) ([]string, error) {
	pages := ec2.NewDescribeInstanceTypeOfferingsPaginator(i.cloud.ec2, &ec2.DescribeInstanceTypeOfferingsInput{
		LocationType: types.LocationTypeAvailabilityZone, Filters: filter("instance-type", name),
	})
	var zones []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range page.InstanceTypeOfferings {
			zones = append(zones, sdk.ToString(o.Location))
		}
	}
	return zones, nil
}

// checkProcessor wants the image to run on each instance type.
func (i *inspection) checkProcessor(context.Context) uerr.Findings {
	var findings uerr.Findings
	for _, w := range i.wantedTypes() {
		if can := i.types[w.name].processors; len(can) > 0 && !slices.Contains(can, types.ArchitectureType(i.image.processor)) {
			findings = append(findings, i.refuse(w.key, fmt.Sprintf("instance type %s cannot run image %s, which is for %s",
				w.name, i.image.id, i.image.processor), "set "+w.key+" to a type with that processor, or "+keyArch+" to that of the type")...)
		}
	}
	return findings
}

// filter is one filter of EC2's lists; several values mean any of them.
func filter(name string, values ...string) []types.Filter {
	return []types.Filter{{Name: &name, Values: values}}
}
