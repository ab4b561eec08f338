package azure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v6"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// release is one patch version that AKS offers in a location.
type release struct {
	version string // "1.36.3"
	preview bool
	usual   bool // to be had without long-term support
}

// releases lists what AKS offers, the newest first.
func (i *inspection) releases(ctx context.Context) ([]release, error) {
	got, err := i.cloud.aks.NewManagedClustersClient().ListKubernetesVersions(ctx, i.location(), nil)
	if err != nil {
		return nil, err
	}
	var all []release
	for _, minor := range got.Values {
		for patch := range minor.PatchVersions {
			all = append(all, release{version: patch, preview: value(minor.IsPreview), usual: isUsual(minor)})
		}
	}
	slices.SortFunc(all, func(a, b release) int { return slices.Compare(numbers(b.version), numbers(a.version)) })
	return all, nil
}

func isUsual(minor *armcontainerservice.KubernetesVersion) bool {
	if minor.Capabilities == nil || len(minor.Capabilities.SupportPlan) == 0 {
		return true
	}
	return slices.ContainsFunc(minor.Capabilities.SupportPlan, func(p *armcontainerservice.KubernetesSupportPlan) bool {
		return value(p) == armcontainerservice.KubernetesSupportPlanKubernetesOfficial
	})
}

// findVersion resolves the version asked for to a patch version: the newest of a minor one, the newest of all when none
// is asked. A cluster that is there may keep a version that is offered no more.
func (i *inspection) findVersion(ctx context.Context) uerr.Findings {
	asked := plainVersion(i.request.KubernetesVersion)
	all, err := i.releases(ctx)
	whole := strings.Count(asked, ".") == 2
	switch {
	case err != nil && codeOf(err) == codeUnregistered && whole:
		i.version = "v" + asked // registered before the cluster is made; AKS says then whether it has this version
		return nil
	case err != nil && codeOf(err) == codeUnregistered:
		return i.refuse(keyVersion, "the versions of AKS cannot be listed before "+containerService+" is registered in the subscription",
			"type: az provider register --wait --namespace "+containerService+"; or set "+keyVersion+" to a whole version such as v1.36.3")
	case err != nil:
		return i.trouble(ctx, "list the Kubernetes versions of AKS in "+i.location(), err)
	}
	for _, r := range all {
		if r.version == asked || strings.HasPrefix(r.version, asked+".") && !r.preview || asked == "" && !r.preview && r.usual {
			i.version = "v" + r.version
			return nil
		}
	}
	if whole && i.request.Current != nil {
		i.version = "v" + asked
		return nil
	}
	return i.refuse(keyVersion, fmt.Sprintf("AKS in %s has no Kubernetes %s", i.location(), cmp.Or(asked, "version")), offer(asked, all))
}

// offer names the nearest versions first.
func offer(asked string, all []release) string {
	var names []string
	for _, r := range all {
		if !r.preview && r.usual {
			names = append(names, "v"+r.version)
		}
	}
	if len(names) == 0 {
		return "choose another location with " + keyLocation
	}
	slices.SortStableFunc(names, func(a, b string) int { return apart(asked, a) - apart(asked, b) })
	return "set " + keyVersion + " or --kubernetes-version to one of: " + strings.Join(names[:min(len(names), 6)], ", ")
}

// apart is how many minor versions two versions are apart.
func apart(a, b string) int {
	minor := func(v string) int { return append(numbers(plainVersion(v)), 0, 0)[1] }
	return max(minor(a)-minor(b), minor(b)-minor(a))
}

// plainVersion drops the v, and what TKG writes behind a plus.
func plainVersion(version string) string {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "+")
	return version
}

func numbers(version string) []int {
	var out []int
	for field := range strings.SplitSeq(version, ".") {
		n, _ := strconv.Atoi(field) // what is no number counts as zero
		out = append(out, n)
	}
	return out
}

func older(a, b string) bool { return slices.Compare(numbers(a), numbers(b)) < 0 }
