package aws

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/slipway-sh/slipway/internal/sim/packed"
)

// Instance is an EC2 instance that is not terminated.
type Instance struct {
	ID, Name, Region, Zone string
	State                  string // "running", "pending", "stopped", …
	Address                string // private
	Hostname               string // private DNS name, which is what the node is called
	Version                string // of Kubernetes, from the image's name
}

// Running says whether the instance is powered on.
func (i Instance) Running() bool { return i.State == string(types.InstanceStateNameRunning) }

// Instances lists the instances of every region that anybody has asked anything of.
func (c *Cloud) Instances(ctx context.Context) ([]Instance, error) {
	c.mu.Lock()
	regions := slices.Sorted(maps.Keys(c.regions))
	c.mu.Unlock()
	var out []Instance
	for _, region := range regions {
		pages := ec2.NewDescribeInstancesPaginator(c.ec2(region), &ec2.DescribeInstancesInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("instances of %s: %w", region, err)
			}
			for _, reservation := range page.Reservations {
				for _, i := range reservation.Instances {
					if i.State.Name != types.InstanceStateNameTerminated {
						out = append(out, c.instance(region, i))
					}
				}
			}
		}
	}
	return out, nil
}

func (c *Cloud) instance(region string, i types.Instance) Instance {
	out := Instance{
		ID: sdk.ToString(i.InstanceId), Region: region, State: string(i.State.Name),
		Address: sdk.ToString(i.PrivateIpAddress), Hostname: sdk.ToString(i.PrivateDnsName),
	}
	if i.Placement != nil {
		out.Zone = sdk.ToString(i.Placement.AvailabilityZone)
	}
	for _, tag := range i.Tags {
		if sdk.ToString(tag.Key) == "Name" {
			out.Name = sdk.ToString(tag.Value)
		}
	}
	for n, version := range c.inventory.Versions {
		if sdk.ToString(i.ImageId) == imageID(n) {
			out.Version = version
		}
	}
	return out
}

// UserData is the cloud-init document of an instance. The upstream controller gives an instance only a script that
// fetches the document from Secrets Manager and deletes it there; this does what the script would.
func (c *Cloud) UserData(ctx context.Context, region, id string) ([]byte, error) {
	out, err := c.ec2(region).DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{
		InstanceId: &id, Attribute: types.InstanceAttributeNameUserData,
	})
	if err != nil {
		return nil, fmt.Errorf("user data of %s: %w", id, err)
	}
	if out.UserData == nil || sdk.ToString(out.UserData.Value) == "" {
		return nil, nil
	}
	raw, err := base64.StdEncoding.DecodeString(*out.UserData.Value)
	if err != nil {
		return nil, fmt.Errorf("user data of %s: %w", id, err)
	}
	if raw, err = packed.Unpack(raw); err != nil {
		return nil, fmt.Errorf("user data of %s: %w", id, err)
	}
	script, found, err := boothook(raw)
	if err != nil || !found {
		return raw, err
	}
	return c.fetchSecrets(ctx, region, script)
}

// boothook finds the script in a document of several parts.
func boothook(document []byte) (script string, found bool, err error) {
	message, err := mail.ReadMessage(bytes.NewReader(document))
	if err != nil {
		return "", false, nil //nolint:nilerr // it is no document of several parts
	}
	kind, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return "", false, nil //nolint:nilerr // as above
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return "", false, nil
		}
		if err != nil {
			return "", false, err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/cloud-boothook") {
			raw, err := io.ReadAll(part)
			return string(raw), true, err
		}
	}
}

var (
	secretPrefix = regexp.MustCompile(`(?m)^SECRET_PREFIX="([^"]+)"`)
	secretChunks = regexp.MustCompile(`(?m)^CHUNKS="(\d+)"`)
)

// fetchSecrets puts the document together from its pieces and deletes them, last first, as the script does.
func (c *Cloud) fetchSecrets(ctx context.Context, region, script string) ([]byte, error) {
	prefix, chunks := secretPrefix.FindStringSubmatch(script), secretChunks.FindStringSubmatch(script)
	if prefix == nil || chunks == nil {
		return nil, errors.New("the boot script names no secret")
	}
	count, err := strconv.Atoi(chunks[1])
	if err != nil {
		return nil, err
	}
	client := c.secrets(region)
	var document []byte
	for n := range count {
		id := fmt.Sprintf("%s-%d", prefix[1], n)
		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
		if err != nil {
			return nil, fmt.Errorf("secret %d of the user data: %w", n, err)
		}
		document = append(document, out.SecretBinary...)
	}
	for n := range count {
		id := fmt.Sprintf("%s-%d", prefix[1], n)
		_, err := client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: &id, ForceDeleteWithoutRecovery: sdk.Bool(true)})
		if err != nil {
			return nil, fmt.Errorf("delete secret %d of the user data: %w", n, err)
		}
	}
	return packed.Unpack(document)
}
