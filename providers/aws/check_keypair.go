package aws

import (
	"context"
	"fmt"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

const keyKeyPair = "AWS_SSH_KEY_NAME"

// checkKeyPair wants the key pair to be in the region; key pairs are not shared between regions.
func (i *inspection) checkKeyPair(ctx context.Context) uerr.Findings {
	want := i.config().String(keyKeyPair)
	if want == "" {
		return i.refuse(keyKeyPair, keyKeyPair+" is not set", "set "+keyKeyPair+" to a key pair of region "+i.cloud.region)
	}
	answer, err := i.cloud.ec2.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{})
	if err != nil {
		return i.trouble(ctx, "looking for the key pair", err)
	}
	var names []string
	for _, k := range answer.KeyPairs {
		if sdk.ToString(k.KeyName) == want {
			return nil
		}
		names = append(names, sdk.ToString(k.KeyName))
	}
	next := preflight.OneOf(keyKeyPair, names)
	if names == nil {
		next = fmt.Sprintf("make it: aws ec2 create-key-pair --region %s --key-name %s", i.cloud.region, want)
	}
	return i.refuse(keyKeyPair, fmt.Sprintf("key pair %q is not in region %s", want, i.cloud.region), next)
}
