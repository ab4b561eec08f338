package azure

import (
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// longestNodeGroup bounds the name of the group that AKS makes for the nodes, in letters.
const longestNodeGroup = 80

// checkGroup refuses a group that is not the cluster's own, unless the configuration names it.
func (i *inspection) checkGroup(ctx context.Context) uerr.Findings {
	if found := i.findGroup(ctx); found != nil {
		return found
	}
	g := i.group
	switch {
	case g.deleting:
		return i.refuse(keyGroup, "resource group "+g.Name+" is being deleted", "wait until it is gone: az group wait --deleted --name "+g.Name)
	case g.Existing && i.request.Current == nil && !i.config().IsSet(keyGroup):
		return i.refuse(keyGroup, fmt.Sprintf("resource group %s is there already and is not cluster %s's", g.Name, i.owner()),
			"choose another name for the cluster, or set "+keyGroup+" to "+g.Name+" to make the cluster in it")
	case !g.Existing && g.location != "" && g.location != i.location():
		return i.refuse(keyLocation, fmt.Sprintf("resource group %s was made in %s, and Azure moves no group to %s", g.Name, g.location, i.location()),
			"set "+keyLocation+" to "+g.location+", or choose another name for the cluster")
	}
	if name := "MC_" + g.Name + "_" + i.request.Name + "_" + i.location(); i.clusterType() == typeAKS && len(name) > longestNodeGroup {
		return i.refuse(keyGroup, fmt.Sprintf("AKS calls the nodes' group %s, and it may have %d letters", name, longestNodeGroup),
			"choose a shorter name for the cluster, or a shorter "+keyGroup)
	}
	return nil
}

// checkName refuses a name that a cluster of somebody else has in the group. What the version may become is looked at in
// the cluster as it is.
func (i *inspection) checkName(ctx context.Context) uerr.Findings {
	got, err := i.cloud.aks.NewManagedClustersClient().Get(ctx, i.group.Name, i.request.Name, nil)
	switch {
	case notFound(err) || codeOf(err) == codeUnregistered:
		return nil
	case err != nil:
		return i.trouble(ctx, "look for a cluster "+i.request.Name, err)
	case !i.owns(got.Tags):
		return i.refuse(keyGroup, fmt.Sprintf("resource group %s has an AKS cluster %s already, which is not cluster %s", i.group.Name, i.request.Name, i.owner()),
			"choose another name for the cluster, or another "+keyGroup)
	case got.Properties != nil && i.request.Current != nil:
		return i.checkUpgrade(value(got.Properties.CurrentKubernetesVersion))
	}
	return nil
}

// checkUpgrade goes by AKS's rule: a control plane goes up by one minor version at a time, and never down.
func (i *inspection) checkUpgrade(from string) uerr.Findings {
	if from == "" {
		return nil
	}
	to := plainVersion(i.version)
	minor := func(v string) int { return append(numbers(v), 0, 0)[1] }
	switch {
	case minor(to) > minor(from)+1:
		return i.refuse(keyVersion, fmt.Sprintf("cluster %s is of Kubernetes v%s, and AKS upgrades by one minor version at a time", i.request.Name, from),
			fmt.Sprintf("upgrade it to v1.%d first", minor(from)+1))
	case older(to, from):
		return i.refuse(keyVersion, fmt.Sprintf("cluster %s is of Kubernetes v%s, and AKS does not go back to v%s", i.request.Name, from, to), "set "+keyVersion+" to v"+from+" or newer")
	}
	return nil
}
