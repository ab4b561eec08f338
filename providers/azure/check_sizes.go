package azure

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// wanted is what the request takes of one size.
type wanted struct {
	key, size string
	count     int
}

// wanted are the sizes of the plan, with how many machines there are to be of each.
func (i *inspection) wanted() []wanted {
	c := i.config()
	if i.clusterType() == typeVM {
		return []wanted{{keyControlPlaneType, c.String(keyControlPlaneType), i.request.ControlPlane}, {keyNodeType, c.String(keyNodeType), i.workersVM()}}
	}
	all := []wanted{{keyNodeType, c.String(keyNodeType), i.request.Workers}}
	if count, err := c.Int(keySystemCount); err == nil && count > 0 {
		key := keySystemType
		if c.String(key) == "" {
			key = keyNodeType
		}
		all = append(all, wanted{key, c.String(key), count})
	}
	return all
}

// checkSizes wants every size to be there, to be allowed, and to be in the zones that are named.
func (i *inspection) checkSizes(ctx context.Context) uerr.Findings {
	if found := i.findSizes(ctx); found != nil {
		return found
	}
	if i.sizes == nil {
		return i.warn(keyNodeType, "sizes of machines cannot be checked before "+computeProvider+" is registered", "nothing: Azure checks them")
	}
	var findings uerr.Findings
	for _, w := range i.wanted() {
		findings = append(findings, i.checkSize(w)...)
	}
	return findings
}

func (i *inspection) checkSize(w wanted) uerr.Findings {
	s := i.sizeNamed(w.size)
	if s.name == "" || s.restricted != "" {
		problem := fmt.Sprintf("size %s is not to be had in %s", w.size, i.location())
		if s.restricted != "" {
			problem += " by this subscription (" + s.restricted + ")"
		}
		return i.refuse(w.key, problem, i.otherSizes(w))
	}
	var missing []string
	for _, zone := range configuredZones(i.config()) {
		if !slices.Contains(s.zones, zone) {
			missing = append(missing, zone)
		}
	}
	switch {
	case missing == nil:
		return nil
	case s.zones == nil:
		return i.refuse(keyZone, fmt.Sprintf("size %s is in no zone of %s", w.size, i.location()), "take "+strings.Join(zoneKeys(), ", ")+" out")
	}
	return i.refuse(keyZone, fmt.Sprintf("size %s is not in zone %s of %s", w.size, strings.Join(missing, ", "), i.location()), preflight.OneOf(keyZone, s.zones))
}

// otherSizes names the size that was meant, or some that there are.
func (i *inspection) otherSizes(w wanted) string {
	var names []string
	for _, key := range slices.Sorted(maps.Keys(i.sizes)) {
		if s := i.sizes[key]; s.restricted == "" {
			names = append(names, s.name)
		}
	}
	if near := preflight.Nearest(w.size, names); near != "" && near != w.size {
		return "set " + w.key + " to " + near
	}
	return preflight.OneOf(w.key, names)
}

// checkQuota counts the cores of a new cluster, of each family and of all, against what is left in the location.
func (i *inspection) checkQuota(ctx context.Context) uerr.Findings {
	need := map[string]int{}
	for _, w := range i.wanted() {
		s := i.sizeNamed(w.size)
		need[strings.ToLower(s.family)] += s.cores * w.count
		need[allCores] += s.cores * w.count
	}
	var findings uerr.Findings
	pager := i.cloud.compute.NewUsageClient().NewListPager(i.location(), nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return i.unchecked(keyNodeType, "the quota of cores in "+i.location(), err)
		}
		for _, u := range page.Value {
			if u.Name == nil {
				continue
			}
			left := int(value(u.Limit)) - int(value(u.CurrentValue))
			if n := need[strings.ToLower(value(u.Name.Value))]; n > 0 && n > left {
				findings = append(findings, i.refuse(keyNodeType, fmt.Sprintf("the cluster needs %d cores of %s in %s, and %d of %d are left",
					n, value(u.Name.LocalizedValue), i.location(), max(left, 0), value(u.Limit)),
					"ask for fewer or smaller machines, or for more quota: az quota, or Quotas in the Azure portal")...)
			}
		}
	}
	return findings
}

// allCores is the name of the quota over all families.
const allCores = "cores"
