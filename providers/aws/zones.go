package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

const (
	keyZone  = "AWS_NODE_AZ"
	planProd = "prod"
)

// zone is one configured availability zone; suffix ("", "_1", "_2") is that of all its variables.
type zone struct {
	name, suffix string
}

func (z zone) key(name string) string { return name + z.suffix }

// zonesOf are the zones that are set, in order.
func zonesOf(c *config.Config) []zone {
	var zones []zone
	for _, suffix := range []string{"", "_1", "_2"} {
		if name := c.String(keyZone + suffix); name != "" {
			zones = append(zones, zone{name: name, suffix: suffix})
		}
	}
	return zones
}

// checkPlan looks at the configuration alone: a zone at least, three for prod, two for EKS, none twice.
func (i *inspection) checkPlan(context.Context) uerr.Findings {
	zones := zonesOf(i.config())
	if len(zones) == 0 {
		return i.refuse(keyZone, keyZone+" is not set", "set "+keyZone+" to an availability zone of the region")
	}
	var findings uerr.Findings
	for n, z := range zones {
		if first := slices.IndexFunc(zones, func(o zone) bool { return o.name == z.name }); first < n {
			findings = append(findings, i.refuse(z.key(keyZone), fmt.Sprintf("zone %s is set twice, in %s and in %s",
				z.name, zones[first].key(keyZone), z.key(keyZone)), "set "+z.key(keyZone)+" to another zone, or take it out")...)
		}
	}
	switch {
	case i.request.Plan == planProd && len(zones) < 3:
		findings = append(findings, i.refuse(keyZone, fmt.Sprintf("plan prod spreads over three zones, and %d is set", len(zones)),
			"set "+keyZone+", "+keyZone+"_1 and "+keyZone+"_2, or use plan dev")...)
	case i.clusterType() == typeEKS && len(zones) < 2:
		findings = append(findings, i.refuse(keyZone, fmt.Sprintf("EKS spreads its control plane over two zones at least, and %d is set", len(zones)),
			"set "+keyZone+" and "+keyZone+"_1 to different zones")...)
	}
	return findings
}

// checkZones wants each zone to be one of the region's, and open.
func (i *inspection) checkZones(ctx context.Context) uerr.Findings {
	answer, err := i.cloud.ec2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{})
	if err != nil {
		return i.trouble(ctx, "listing the zones of "+i.cloud.region, err)
	}
	states, names := map[string]types.AvailabilityZoneState{}, []string(nil)
	for _, z := range answer.AvailabilityZones {
		name := sdk.ToString(z.ZoneName)
		states[name] = z.State
		if z.State == types.AvailabilityZoneStateAvailable {
			names = append(names, name)
		}
	}
	var findings uerr.Findings
	for _, z := range zonesOf(i.config()) {
		key := z.key(keyZone)
		switch state, ok := states[z.name]; {
		case !ok && strings.HasPrefix(z.name, i.cloud.region):
			findings = append(findings, i.refuse(key, fmt.Sprintf("region %s has no zone %s for this account", i.cloud.region, z.name), preflight.OneOf(key, names))...)
		case !ok:
			findings = append(findings, i.refuse(key, fmt.Sprintf("zone %s is not in region %s", z.name, i.cloud.region), preflight.OneOf(key, names))...)
		case state != types.AvailabilityZoneStateAvailable:
			findings = append(findings, i.refuse(key, fmt.Sprintf("zone %s is %s", z.name, state), preflight.OneOf(key, names))...)
		}
	}
	return findings
}
