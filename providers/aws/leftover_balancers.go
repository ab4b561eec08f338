package aws

import (
	"context"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// tagsAtOnce is how many load balancers one call gives the tags of; they cannot be listed by tag.
const tagsAtOnce = 20

func (c *cloud) listBalancers(ctx context.Context, g gone) ([]thing, error) {
	var ids []string
	list := elbv2.NewDescribeLoadBalancersPaginator(c.balancers, &elbv2.DescribeLoadBalancersInput{})
	for list.HasMorePages() {
		page, err := list.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range page.LoadBalancers {
			ids = append(ids, sdk.ToString(x.LoadBalancerArn))
		}
	}
	return bearers(g, ids, func(some []string) ([]thing, error) { return c.tagsOfBalancers(ctx, some) })
}

func (c *cloud) removeBalancer(ctx context.Context, _ gone, id string) error {
	_, err := c.balancers.DeleteLoadBalancer(ctx, &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: &id})
	return err
}

func (c *cloud) listTargetGroups(ctx context.Context, g gone) ([]thing, error) {
	var ids []string
	list := elbv2.NewDescribeTargetGroupsPaginator(c.balancers, &elbv2.DescribeTargetGroupsInput{})
	for list.HasMorePages() {
		page, err := list.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range page.TargetGroups {
			ids = append(ids, sdk.ToString(x.TargetGroupArn))
		}
	}
	return bearers(g, ids, func(some []string) ([]thing, error) { return c.tagsOfBalancers(ctx, some) })
}

func (c *cloud) removeTargetGroup(ctx context.Context, _ gone, id string) error {
	_, err := c.balancers.DeleteTargetGroup(ctx, &elbv2.DeleteTargetGroupInput{TargetGroupArn: &id})
	return err
}

// tagsOfBalancers serves load balancers and target groups alike; their ids are ARNs, whose last part but one is the name.
func (c *cloud) tagsOfBalancers(ctx context.Context, ids []string) (things []thing, err error) {
	answer, err := c.balancers.DescribeTags(ctx, &elbv2.DescribeTagsInput{ResourceArns: ids})
	if err != nil {
		return nil, err
	}
	for _, d := range answer.TagDescriptions {
		t := thing{id: sdk.ToString(d.ResourceArn), tags: map[string]string{}}
		for _, tag := range d.Tags {
			t.tags[sdk.ToString(tag.Key)] = sdk.ToString(tag.Value)
		}
		if path := strings.Split(t.id, "/"); len(path) > 2 {
			t.tags["Name"] = path[len(path)-2]
		}
		things = append(things, t)
	}
	return things, nil
}

func (c *cloud) listOldBalancers(ctx context.Context, g gone) ([]thing, error) {
	var names []string
	list := elb.NewDescribeLoadBalancersPaginator(c.oldBalancers, &elb.DescribeLoadBalancersInput{})
	for list.HasMorePages() {
		page, err := list.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range page.LoadBalancerDescriptions {
			names = append(names, sdk.ToString(x.LoadBalancerName))
		}
	}
	return bearers(g, names, func(some []string) ([]thing, error) { return c.tagsOfOldBalancers(ctx, some) })
}

func (c *cloud) removeOldBalancer(ctx context.Context, _ gone, id string) error {
	_, err := c.oldBalancers.DeleteLoadBalancer(ctx, &elb.DeleteLoadBalancerInput{LoadBalancerName: &id})
	return err
}

func (c *cloud) tagsOfOldBalancers(ctx context.Context, names []string) (things []thing, err error) {
	answer, err := c.oldBalancers.DescribeTags(ctx, &elb.DescribeTagsInput{LoadBalancerNames: names})
	if err != nil {
		return nil, err
	}
	for _, d := range answer.TagDescriptions {
		t := thing{id: sdk.ToString(d.LoadBalancerName), tags: map[string]string{}}
		for _, tag := range d.Tags {
			t.tags[sdk.ToString(tag.Key)] = sdk.ToString(tag.Value)
		}
		things = append(things, t)
	}
	return things, nil
}

// bearers are the things whose tags name the cluster. One that went since it was listed makes AWS refuse its whole batch,
// which is then asked one by one.
func bearers(g gone, ids []string, tags func([]string) ([]thing, error)) (things []thing, err error) {
	for some := range slices.Chunk(ids, tagsAtOnce) {
		found, err := tags(some)
		switch {
		case err == nil:
		case !strings.HasSuffix(codeOf(err), "NotFound"):
			return nil, err
		case len(some) > 1:
			for _, id := range some {
				one, err := bearers(g, []string{id}, tags)
				if err != nil {
					return nil, err
				}
				things = append(things, one...)
			}
		}
		for _, t := range found {
			if g.bears(t.tags) {
				things = append(things, t)
			}
		}
	}
	return things, nil
}
