package aws

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

const keyRegion = "AWS_REGION"

const (
	dialTimeout = 10 * time.Second // of one connection; long enough for a VPN
	attempts    = 6                // of one call, with the SDK's adaptive back-off between them
)

// cloud is one region of an account, with the clients that talk to it. It holds no connection that must be closed.
type cloud struct {
	region      string
	credentials sdk.Credentials
	key         string // the variable that the credentials came from

	config        sdk.Config
	ec2           *ec2.Client
	sts           *sts.Client
	iam           *iam.Client
	quotas        *servicequotas.Client
	balancers     *elbv2.Client
	oldBalancers  *elb.Client
	imagesByQuery map[string][]image
}

// open resolves the credentials and makes the clients; it asks nothing of AWS but what the source of the credentials does.
// The SDK bounds each source by itself, that of an instance's role to five seconds. Errors are uerr.Findings, or the
// context's own.
func (p *Provider) open(ctx context.Context, c *config.Config) (*cloud, error) {
	from, findings := sourceOf(c)
	if findings != nil {
		return nil, findings
	}
	options := []func(*awsconfig.LoadOptions) error{
		from.option, awsconfig.WithRetryMode(sdk.RetryModeAdaptive), awsconfig.WithRetryMaxAttempts(attempts),
		awsconfig.WithAppID("slipway"), awsconfig.WithLogger(logging.Nop{}),
	}
	if region := cmp.Or(c.String(keyRegion), from.region); region != "" {
		options = append(options, awsconfig.WithRegion(region))
	}
	if p.options.Client != nil {
		options = append(options, awsconfig.WithHTTPClient(p.options.Client))
	} else {
		options = append(options, awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithDialerOptions(func(d *net.Dialer) {
			d.Timeout = dialTimeout
		})))
	}
	loaded, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, badSource(ctx, c, from, err)
	}
	if loaded.Region == "" {
		return nil, preflight.Refuse(c, keyRegion, keyRegion+" is not set", "set "+keyRegion+" in "+c.Path()+" or in the environment")
	}
	found, err := loaded.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, badSource(ctx, c, from, err)
	}
	return newCloud(loaded, found, from.key), nil
}

func newCloud(c sdk.Config, found sdk.Credentials, key string) *cloud {
	return &cloud{
		region: c.Region, credentials: found, key: key, config: c, imagesByQuery: map[string][]image{},
		ec2: ec2.NewFromConfig(c), sts: sts.NewFromConfig(c), iam: iam.NewFromConfig(c),
		quotas: servicequotas.NewFromConfig(c), balancers: elbv2.NewFromConfig(c), oldBalancers: elb.NewFromConfig(c),
	}
}

// badSource is the finding for credentials that could not be had. Errors of the SDK name files and profiles, and never
// what is in them; the keys of the configuration are not known to the sources that can fail.
func badSource(ctx context.Context, c *config.Config, from source, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	problem, next := "no credentials were found: "+lastCause(err), "set "+keyAccessKey+" and "+keySecretKey+", or "+keyProfile+" to a profile of ~/.aws"
	var missing awsconfig.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &missing):
		problem = "profile " + missing.Profile + " is in neither ~/.aws/config nor ~/.aws/credentials"
		next = "set " + keyProfile + " to a profile that is there, or write this one with: aws configure --profile " + missing.Profile
	case c.String(keyProfile) == "" && strings.Contains(err.Error(), "EC2 IMDS"):
		problem = "no credentials were found: none are configured, ~/.aws has no default profile, and this machine has no role"
	}
	return uerr.Findings{{Code: uerr.Credentials, Where: preflight.Where(c, from.key), Problem: problem, Next: next}}
}

// home is the region that answers for the whole partition, whatever the configured region is.
func home(region string) string {
	for prefix, at := range map[string]string{
		"cn-": "cn-north-1", "us-gov-": "us-gov-west-1", "us-iso-": "us-iso-east-1", "us-isob-": "us-isob-east-1",
		"us-isof-": "us-isof-south-1", "eu-isoe-": "eu-isoe-west-1", "eusc-": "eusc-de-east-1",
	} {
		if strings.HasPrefix(region, prefix) {
			return at
		}
	}
	return "us-east-1"
}
