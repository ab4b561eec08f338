package aws

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// checkCredentials covers what is set, where credentials come from, and whose they are. The partition's own region is
// asked first, because a mistyped region has no address at all.
func (i *inspection) checkCredentials(ctx context.Context) uerr.Findings {
	opened, err := i.provider.open(ctx, i.config())
	if err != nil {
		var findings uerr.Findings
		if errors.As(err, &findings) {
			return findings
		}
		return i.refuse(keyAccessKey, err.Error(), "type the same command again")
	}
	i.cloud = opened
	var who *sts.GetCallerIdentityOutput
	err = i.homeFirst(func(region string) (err error) {
		who, err = i.cloud.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.Options) {
			o.Region, o.RetryMaxAttempts = region, 2
		})
		return err
	})
	if err != nil {
		return i.trouble(ctx, "asking AWS whose the credentials are", err)
	}
	i.account = sdk.ToString(who.Account)
	return i.checkExpiry()
}

// checkExpiry warns of credentials that end: the controllers keep a copy and cannot renew it.
func (i *inspection) checkExpiry() uerr.Findings {
	const next = "use the key of an IAM user for a management cluster that stays, or renew the credentials before they end"
	found := i.cloud.credentials
	switch {
	case found.CanExpire:
		return i.warn(i.cloud.key, fmt.Sprintf("the credentials of account %s end at %s, and the controllers with them",
			i.account, found.Expires.UTC().Format(time.RFC3339)), next)
	case found.SessionToken != "":
		return i.warn(i.cloud.key, fmt.Sprintf("the credentials of account %s are temporary, and the controllers stop when they end", i.account), next)
	}
	return nil
}

// checkRegion wants a region that exists and that the account has switched on.
func (i *inspection) checkRegion(ctx context.Context) uerr.Findings {
	all := true
	var regions *ec2.DescribeRegionsOutput
	err := i.homeFirst(func(region string) (err error) {
		regions, err = i.cloud.ec2.DescribeRegions(ctx, &ec2.DescribeRegionsInput{AllRegions: &all}, func(o *ec2.Options) {
			o.Region, o.RetryMaxAttempts = region, 2
		})
		return err
	})
	if err != nil {
		return i.trouble(ctx, "listing the regions", err)
	}
	var names []string
	for _, r := range regions.Regions {
		name := sdk.ToString(r.RegionName)
		names = append(names, name)
		if name == i.cloud.region && sdk.ToString(r.OptInStatus) == "not-opted-in" {
			return i.refuse(keyRegion, fmt.Sprintf("region %s is not switched on for account %s", name, i.account),
				"switch it on in the account's settings, or set "+keyRegion+" to another one")
		}
		if name == i.cloud.region {
			return nil
		}
	}
	next := preflight.OneOf(keyRegion, names)
	if near := preflight.Nearest(i.cloud.region, names); near != "" {
		next = "set " + keyRegion + " to " + near
	}
	return i.refuse(keyRegion, fmt.Sprintf("AWS has no region %q", i.cloud.region), next)
}

// homeFirst asks the partition's own region and then, where a policy or the network closes that one, the configured one.
func (i *inspection) homeFirst(ask func(region string) error) error {
	first := home(i.cloud.region)
	err := ask(first)
	if err == nil || first == i.cloud.region || !denied(err) && !unreachable(err) {
		return err
	}
	if ask(i.cloud.region) == nil {
		return nil
	}
	return err
}
