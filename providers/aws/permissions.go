package aws

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

const (
	permissionsStack  = "slipway-permissions"
	clusterawsadm     = "cluster-api-provider-aws-sigs-k8s-io" // the stack of upstream's tool, which makes roles of the same names
	permissionsRegion = "slipway.sh/permissions-region"        // tag of the roles: where the stack is
	typePermissions   = "type: slipway config permissions aws"
)

//go:embed permissions.yaml
var permissionsTemplate []byte

// PermissionsTemplate is the CloudFormation template; it is the same for every account and partition.
func (*Provider) PermissionsTemplate(providers.Request) ([]byte, error) {
	return slices.Clone(permissionsTemplate), nil
}

// ApplyPermissions brings the stack up to date, in the region where it is or else in the configured one, and waits for it.
// Roles that somebody else made are left as they are, which is a warning if they are all there, and an error if not.
func (p *Provider) ApplyPermissions(ctx context.Context, r providers.Request) (bool, uerr.Findings, error) {
	opened, err := p.open(ctx, r.Config)
	if err != nil {
		return false, nil, err
	}
	region, err := opened.regionOfGrant(ctx)
	if err != nil {
		return false, nil, err
	}
	g := newGrant(opened, region)
	stack, err := g.settled(ctx)
	if err != nil {
		return false, nil, err
	}
	switch {
	case stack == nil:
		notes, err := g.others(ctx)
		if err != nil || notes != nil {
			return false, notes, err
		}
		return true, nil, g.create(ctx)
	case neverWorked(stack.StackStatus):
		if err := g.remove(ctx, stack); err != nil {
			return false, nil, err
		}
		return true, nil, g.create(ctx)
	default:
		changed, err := g.update(ctx)
		return changed, nil, err
	}
}

// neverWorked says that a stack can only be deleted: its creation went wrong, or its deletion.
func neverWorked(s types.StackStatus) bool {
	return slices.Contains([]types.StackStatus{
		types.StackStatusCreateFailed, types.StackStatusRollbackComplete, types.StackStatusRollbackFailed,
		types.StackStatusDeleteFailed, types.StackStatusReviewInProgress,
	}, s)
}

// regionOfGrant is where the stack is, or shall be: IAM knows no regions, but a stack lives in one. The roles bear a tag
// that says so; whoever may not look at roles gets the configured region.
func (c *cloud) regionOfGrant(ctx context.Context) (string, error) {
	for _, name := range instanceProfiles() {
		role, err := c.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		switch {
		case err == nil:
			for _, tag := range role.Role.Tags {
				if sdk.ToString(tag.Key) == permissionsRegion {
					return sdk.ToString(tag.Value), nil
				}
			}
		case codeOf(err) == "NoSuchEntity", denied(err):
		default:
			return "", c.explain(ctx, err)
		}
	}
	return c.region, nil
}

// others looks for instance profiles that are there although the stack is not, so that it could not be made.
func (g *grant) others(ctx context.Context) (uerr.Findings, error) {
	var there, missing []string
	for _, name := range instanceProfiles() {
		found, err := g.cloud.iam.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &name})
		switch {
		case err == nil && len(found.InstanceProfile.Roles) > 0:
			there = append(there, name)
		case err == nil || codeOf(err) == "NoSuchEntity":
			missing = append(missing, name)
		default:
			return nil, g.cloud.explain(ctx, err)
		}
	}
	if len(there) == 0 {
		return nil, nil
	}
	maker, remedy, err := g.maker(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(missing) > 0:
		return nil, &uerr.Error{
			Code: uerr.Failure, What: "the permissions cannot be granted", Object: g.String(),
			Cause: fmt.Errorf("%s was made by %s, and %s is missing or has no role", strings.Join(there, ", "), maker, strings.Join(missing, ", ")),
			Next:  remedy + ", then " + typePermissions,
		}
	}
	return uerr.Findings{{
		Severity: uerr.Warning, Where: "instance profiles " + strings.Join(there, ", "),
		Problem: "they were made by " + maker + ", not by Slipway, and are left as they are",
		Next:    "nothing; to have Slipway keep them, " + remedy + " and " + typePermissions,
	}}, nil
}

// maker says who made the roles as far as it can be known, and how to be rid of them.
func (g *grant) maker(ctx context.Context) (name, remedy string, err error) {
	stack, err := g.describe(ctx, clusterawsadm)
	if err != nil && !denied(err) {
		return "", "", g.cloud.explain(ctx, err)
	}
	if stack != nil {
		return "clusterawsadm (stack " + clusterawsadm + ")", "delete that stack", nil
	}
	return "somebody else", "delete them and their roles", nil
}
