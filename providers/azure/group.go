package azure

import (
	"cmp"
	"context"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// group is a resource group, in the spelling of the ClusterClass's variables.
type group struct {
	Name     string `json:"name"`
	Existing bool   `json:"existing"` // it was there before the cluster and stays after it

	location string // of one that is there
	deleting bool
}

// findGroup tells the cluster's own group from one that was there. A cluster that is there keeps what it was made with.
func (i *inspection) findGroup(ctx context.Context) uerr.Findings {
	i.group = group{Name: cmp.Or(i.config().String(keyGroup), i.request.Name)}
	if was, ok := i.request.Current["resourceGroup"].(map[string]any); ok {
		i.group.Name, _ = was["name"].(string)
		i.group.Existing, _ = was["existing"].(bool)
		return nil
	}
	got, err := i.cloud.resources.NewResourceGroupsClient().Get(ctx, i.group.Name, nil)
	if notFound(err) {
		return nil
	}
	if err != nil {
		return i.trouble(ctx, "look for resource group "+i.group.Name, err)
	}
	i.group.Existing = !i.owns(got.Tags)
	i.group.location = plainLocation(value(got.Location))
	if got.Properties != nil {
		i.group.deleting = value(got.Properties.ProvisioningState) == "Deleting"
	}
	return nil
}

// value is what a pointer of the SDK points to, or the zero value.
func value[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}
