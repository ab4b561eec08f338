package aws

import (
	"context"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// pages is a paginator of the SDK.
type pages[T any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*ec2.Options)) (T, error)
}

// collect goes through all pages of a list of EC2.
func collect[T any](ctx context.Context, p pages[T], each func(T)) error {
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return err
		}
		each(page)
	}
	return nil
}

// each lists twice, once for each of the cluster's tags: filters of EC2 are joined by and.
func (g gone) each(list func(bearing []types.Filter) error) error {
	for _, key := range g.keys() {
		if err := list(filter("tag:"+key, owned)); err != nil {
			return err
		}
	}
	return nil
}

// keep adds a thing once, which may bear both of the cluster's tags. It looks at the tags again: what is listed is deleted.
func (g gone) keep(things []thing, id *string, tags []types.Tag) []thing {
	t := thing{id: sdk.ToString(id), tags: tagsOf(tags)}
	if !g.bears(t.tags) || slices.ContainsFunc(things, func(o thing) bool { return o.id == t.id }) {
		return things
	}
	return append(things, t)
}

func (c *cloud) listInstances(ctx context.Context, g gone) (things []thing, err error) {
	states := filter("instance-state-name", "pending", "running", "stopping", "stopped")
	err = g.each(func(bearing []types.Filter) error {
		list := ec2.NewDescribeInstancesPaginator(c.ec2, &ec2.DescribeInstancesInput{Filters: append(states, bearing...)})
		return collect(ctx, list, func(page *ec2.DescribeInstancesOutput) {
			for _, r := range page.Reservations {
				for _, x := range r.Instances {
					things = g.keep(things, x.InstanceId, x.Tags)
				}
			}
		})
	})
	return things, err
}

func (c *cloud) removeInstance(ctx context.Context, _ gone, id string) error {
	_, err := c.ec2.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
	return err
}

// listVolumes leaves out those that go with their machine.
func (c *cloud) listVolumes(ctx context.Context, g gone) (things []thing, err error) {
	err = g.each(func(bearing []types.Filter) error {
		list := ec2.NewDescribeVolumesPaginator(c.ec2, &ec2.DescribeVolumesInput{Filters: bearing})
		return collect(ctx, list, func(page *ec2.DescribeVolumesOutput) {
			for _, x := range page.Volumes {
				if len(x.Attachments) == 0 || !sdk.ToBool(x.Attachments[0].DeleteOnTermination) {
					things = g.keep(things, x.VolumeId, x.Tags)
				}
			}
		})
	})
	return things, err
}

func (c *cloud) removeVolume(ctx context.Context, _ gone, id string) error {
	_, err := c.ec2.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: &id})
	return err
}

// listInterfaces leaves out those that go with their machine, and those that AWS made for its own services.
func (c *cloud) listInterfaces(ctx context.Context, g gone) (things []thing, err error) {
	err = g.each(func(bearing []types.Filter) error {
		list := ec2.NewDescribeNetworkInterfacesPaginator(c.ec2, &ec2.DescribeNetworkInterfacesInput{Filters: bearing})
		return collect(ctx, list, func(page *ec2.DescribeNetworkInterfacesOutput) {
			for _, x := range page.NetworkInterfaces {
				if !sdk.ToBool(x.RequesterManaged) && (x.Attachment == nil || !sdk.ToBool(x.Attachment.DeleteOnTermination)) {
					things = g.keep(things, x.NetworkInterfaceId, x.TagSet)
				}
			}
		})
	})
	return things, err
}

func (c *cloud) removeInterface(ctx context.Context, _ gone, id string) error {
	_, err := c.ec2.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: &id})
	return err
}

func (c *cloud) listAddresses(ctx context.Context, g gone) (things []thing, err error) {
	err = g.each(func(bearing []types.Filter) error {
		answer, err := c.ec2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: bearing})
		if err != nil {
			return err
		}
		for _, x := range answer.Addresses {
			things = g.keep(things, x.AllocationId, x.Tags)
		}
		return nil
	})
	return things, err
}

func (c *cloud) removeAddress(ctx context.Context, _ gone, id string) error {
	_, err := c.ec2.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: &id})
	return err
}
