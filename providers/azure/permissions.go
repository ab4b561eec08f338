package azure

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
)

// permissionsVersion is of the API that lists them. The SDK's own client asks it for resources and groups only, and a
// group may yet be to make.
const permissionsVersion = "2022-04-01"

func (i *inspection) subscriptionID() string { return "/subscriptions/" + i.cloud.subscription }

// may says whether the caller may do something at a place, by all roles there and above.
func (i *inspection) may(ctx context.Context, scope, action string) (bool, error) {
	have, known := i.permissions[scope]
	if !known {
		var err error
		if have, err = i.cloud.permissionsAt(ctx, scope); err != nil {
			return false, err
		}
		i.permissions[scope] = have
	}
	return slices.ContainsFunc(have, func(p *armauthorization.Permission) bool {
		covered := func(patterns []*string) bool {
			return slices.ContainsFunc(patterns, func(pattern *string) bool { return covers(strings.ToLower(value(pattern)), strings.ToLower(action)) })
		}
		return covered(p.Actions) && !covered(p.NotActions)
	}), nil
}

func (c *cloud) permissionsAt(ctx context.Context, scope string) ([]*armauthorization.Permission, error) {
	var all []*armauthorization.Permission
	address := runtime.JoinPaths(c.arm.Endpoint(), scope, "providers/Microsoft.Authorization/permissions") + "?api-version=" + permissionsVersion
	for address != "" {
		request, err := runtime.NewRequest(ctx, http.MethodGet, address)
		if err != nil {
			return nil, err
		}
		answer, err := c.arm.Pipeline().Do(request) //nolint:bodyclose // the pipeline reads the body whole and closes it
		if err != nil {
			return nil, err
		}
		if !runtime.HasStatusCode(answer, http.StatusOK) {
			return nil, runtime.NewResponseError(answer)
		}
		var page armauthorization.PermissionGetResult
		if err := runtime.UnmarshalAsJSON(answer, &page); err != nil {
			return nil, err
		}
		all, address = append(all, page.Value...), value(page.NextLink)
	}
	return all, nil
}

// covers matches a pattern in which each * stands for anything.
func covers(pattern, action string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == action
	}
	rest, found := strings.CutPrefix(action, before)
	if !found {
		return false
	}
	for n := 0; n <= len(rest); n++ {
		if covers(after, rest[n:]) {
			return true
		}
	}
	return false
}
