package aws

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway-sh/slipway/internal/config"
)

// image is one machine image.
type image struct {
	id, name  string
	version   string // of Kubernetes, "v1.36.3"; empty when the name does not say
	processor string // "x86_64"
	created   string // RFC 3339, which sorts by time
	gib       int    // of its root volume
	ready     bool
}

// operatingSystem is the middle of an image's name; "*" stands for any version.
func operatingSystem(c *config.Config) string {
	name, version := cmp.Or(c.String(keyOSName), defaultOSName), c.String(keyOSVersion)
	if version == "" {
		version = "*"
		if name == defaultOSName {
			version = defaultOSVersion
		}
	}
	return name + "-" + version
}

// processor is AWS's name of OS_ARCH.
func processor(c *config.Config) string {
	switch arch := c.String(keyArch); arch {
	case "", "amd64":
		return string(types.ArchitectureValuesX8664)
	default:
		return arch
	}
}

// namePattern is the upstream controller's own: an image's name has the version with or without its v. An empty version
// stands for every one.
func namePattern(system, version string) string {
	if version == "" {
		return "capa-ami-" + system + "-*"
	}
	return "capa-ami-" + system + "-?" + strings.TrimPrefix(plainVersion(version), "v") + "-*"
}

// versionOf reads the Kubernetes version out of a name such as capa-ami-ubuntu-24.04-v1.36.3-1730000000. The
// operating system's version has two parts or one, and no v.
func versionOf(name string) string {
	found := regexp.MustCompile(`^capa-ami-.+-v?(\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.\d+)?)-`).FindStringSubmatch(name)
	if found == nil {
		return ""
	}
	return "v" + found[1]
}

// published lists the usable images of a name pattern, the newest version first and of each version the newest image.
func (c *cloud) published(ctx context.Context, owner, pattern, processor string) ([]image, error) {
	query := strings.Join([]string{owner, pattern, processor}, " ")
	if known, ok := c.imagesByQuery[query]; ok {
		return known, nil
	}
	pages := ec2.NewDescribeImagesPaginator(c.ec2, &ec2.DescribeImagesInput{
		Owners: []string{owner},
		Filters: slices.Concat(filter("name", pattern), filter("architecture", processor),
			filter("state", string(types.ImageStateAvailable)), filter("virtualization-type", string(types.VirtualizationTypeHvm))),
	})
	var images []image
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, i := range page.Images {
			images = append(images, imageOf(i))
		}
	}
	slices.SortFunc(images, func(a, b image) int {
		return cmp.Or(compareVersions(b.version, a.version), cmp.Compare(b.created, a.created), cmp.Compare(b.name, a.name))
	})
	c.imagesByQuery[query] = images
	return images, nil
}

func imageOf(i types.Image) image {
	out := image{
		id: sdk.ToString(i.ImageId), name: sdk.ToString(i.Name), version: versionOf(sdk.ToString(i.Name)),
		processor: string(i.Architecture), created: sdk.ToString(i.CreationDate), ready: i.State == types.ImageStateAvailable,
	}
	for _, d := range i.BlockDeviceMappings {
		if d.Ebs != nil && sdk.ToString(d.DeviceName) == sdk.ToString(i.RootDeviceName) {
			out.gib = int(sdk.ToInt32(d.Ebs.VolumeSize))
		}
	}
	return out
}

// byID gives one image, whoever owns it; false when the account cannot see it.
func (c *cloud) byID(ctx context.Context, id string) (image, bool, error) {
	answer, err := c.ec2.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{id}})
	switch code := codeOf(err); {
	case strings.HasPrefix(code, "InvalidAMIID."):
		return image{}, false, nil
	case err != nil:
		return image{}, false, fmt.Errorf("image %s: %w", id, err)
	case len(answer.Images) == 0:
		return image{}, false, nil
	}
	return imageOf(answer.Images[0]), true, nil
}

// compareVersions compares vN.N.N by number; anything else, a release candidate included, is older than all of them.
func compareVersions(a, b string) int { return slices.Compare(parts(a), parts(b)) }

func parts(version string) []int {
	var out []int
	for part := range strings.SplitSeq(strings.TrimPrefix(version, "v"), ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		out = append(out, n)
	}
	return out
}
