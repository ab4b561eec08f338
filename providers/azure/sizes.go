package azure

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v6"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// size is a size of virtual machines in the location.
type size struct {
	name, family string
	cores        int
	zones        []string // that the subscription may use
	restricted   string   // why the subscription may not use it at all; empty if it may
}

// findSizes lists the sizes of the location. Without a registered resource provider there is nothing to list: what
// depends on it is left to Azure then.
func (i *inspection) findSizes(ctx context.Context) uerr.Findings {
	where := i.location()
	filter := "location eq '" + where + "'"
	sizes := map[string]size{}
	pager := i.cloud.compute.NewResourceSKUsClient().NewListPager(&armcompute.ResourceSKUsClientListOptions{Filter: &filter})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if codeOf(err) == codeUnregistered {
			return nil
		}
		if err != nil {
			return i.trouble(ctx, "list the sizes of machines in "+where, err)
		}
		for _, sku := range page.Value {
			if value(sku.ResourceType) == "virtualMachines" {
				s := sizeOf(sku, where)
				sizes[strings.ToLower(s.name)] = s
			}
		}
	}
	i.sizes = sizes
	return nil
}

func sizeOf(sku *armcompute.ResourceSKU, where string) size {
	s := size{name: value(sku.Name), family: value(sku.Family)}
	for _, c := range sku.Capabilities {
		if value(c.Name) == "vCPUs" {
			s.cores, _ = strconv.Atoi(value(c.Value)) // Azure writes numbers
		}
	}
	for _, l := range sku.LocationInfo {
		if plainLocation(value(l.Location)) == where {
			s.zones = values(l.Zones)
		}
	}
	for _, r := range sku.Restrictions {
		switch value(r.Type) {
		case armcompute.ResourceSKURestrictionsTypeZone:
			if r.RestrictionInfo != nil {
				closed := values(r.RestrictionInfo.Zones)
				s.zones = slices.DeleteFunc(s.zones, func(z string) bool { return slices.Contains(closed, z) })
			}
		case armcompute.ResourceSKURestrictionsTypeLocation:
			s.restricted = string(value(r.ReasonCode))
		}
	}
	slices.Sort(s.zones)
	return s
}

func values[T any](pointers []*T) []T {
	var out []T
	for _, p := range pointers {
		out = append(out, value(p))
	}
	return out
}

// sizeNamed is the size of a name, whose case does not matter; empty if there is none.
func (i *inspection) sizeNamed(name string) size { return i.sizes[strings.ToLower(name)] }

// configuredZones are the zones that the configuration names, in the order of their names.
func configuredZones(c *config.Config) []string {
	var named []string
	for _, key := range zoneKeys() {
		if zone := c.String(key); zone != "" {
			named = append(named, zone)
		}
	}
	return sortedUnique(named)
}

func zoneKeys() []string { return []string{keyZone, keyZone + "_1", keyZone + "_2"} }
