package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// A stack of roles takes about a minute. Beyond the longest wait the person may type the command again, which waits on.
const (
	shortestPoll = 2 * time.Second
	longestPoll  = 10 * time.Second
	longestStack = 15 * time.Minute
)

// grant is the stack of permissions in the region where it is.
type grant struct {
	cloud  *cloud
	region string
	stacks *cloudformation.Client
}

func newGrant(c *cloud, region string) *grant {
	return &grant{cloud: c, region: region, stacks: cloudformation.NewFromConfig(c.config, func(o *cloudformation.Options) { o.Region = region })}
}

func (g *grant) String() string {
	return "CloudFormation stack " + permissionsStack + " in " + g.region
}

// describe is nil for a stack that does not exist. CloudFormation has no code of its own for that.
func (g *grant) describe(ctx context.Context, name string) (*types.Stack, error) {
	found, err := g.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if codeOf(err) == "ValidationError" && strings.Contains(lastCause(err), "does not exist") {
		return nil, nil
	}
	if err != nil || len(found.Stacks) == 0 {
		return nil, err
	}
	return &found.Stacks[0], nil
}

// settled is the stack when nobody works on it; what somebody has begun is waited for, however it ends.
func (g *grant) settled(ctx context.Context) (*types.Stack, error) {
	for {
		stack, err := g.describe(ctx, permissionsStack)
		if err != nil {
			return nil, g.cloud.explain(ctx, err)
		}
		if stack == nil || stack.StackStatus == types.StackStatusReviewInProgress || !strings.HasSuffix(string(stack.StackStatus), "_IN_PROGRESS") {
			return stack, nil
		}
		var timedOut *uerr.Error
		if err = g.wait(ctx, stack); errors.As(err, &timedOut) && timedOut.Code == uerr.TimedOut || ctx.Err() != nil {
			return nil, err
		}
	}
}

// create makes the stack. When that goes wrong CloudFormation takes back what it made.
func (g *grant) create(ctx context.Context) error {
	_, err := g.stacks.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: sdk.String(permissionsStack), TemplateBody: sdk.String(string(permissionsTemplate)),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam}, Tags: stackTags(),
	})
	if err != nil {
		return g.cloud.explain(ctx, err)
	}
	return g.finish(ctx, types.StackStatusCreateInProgress)
}

// update changes the stack if its template is another one, and says whether that was so. Texts that mean the same are no
// change either; only CloudFormation can tell those.
func (g *grant) update(ctx context.Context) (bool, error) {
	got, err := g.stacks.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: sdk.String(permissionsStack), TemplateStage: types.TemplateStageOriginal})
	if err != nil {
		return false, g.cloud.explain(ctx, err)
	}
	if sdk.ToString(got.TemplateBody) == string(permissionsTemplate) {
		return false, nil
	}
	_, err = g.stacks.UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName: sdk.String(permissionsStack), TemplateBody: sdk.String(string(permissionsTemplate)),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam}, Tags: stackTags(),
	})
	if upToDate(err) {
		return false, nil
	}
	if err != nil {
		return false, g.cloud.explain(ctx, err)
	}
	return true, g.finish(ctx, types.StackStatusUpdateInProgress)
}

// upToDate is CloudFormation's refusal to update what would not change.
func upToDate(err error) bool {
	return codeOf(err) == "ValidationError" && strings.Contains(lastCause(err), "No updates are to be performed")
}

// remove deletes a stack. It is named by its id, by which it can still be asked for when it is gone.
func (g *grant) remove(ctx context.Context, stack *types.Stack) error {
	if _, err := g.stacks.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: stack.StackId}); err != nil {
		return g.cloud.explain(ctx, err)
	}
	return g.wait(ctx, &types.Stack{StackId: stack.StackId, StackStatus: types.StackStatusDeleteInProgress})
}

func (g *grant) finish(ctx context.Context, doing types.StackStatus) error {
	return g.wait(ctx, &types.Stack{StackId: sdk.String(permissionsStack), StackStatus: doing})
}

// wait ends when what is being done to the stack is done, and gives the reason when it went wrong.
func (g *grant) wait(ctx context.Context, stack *types.Stack) error {
	asked := &cloudformation.DescribeStacksInput{StackName: stack.StackId}
	var err error
	switch verb, _, _ := strings.Cut(string(stack.StackStatus), "_"); verb {
	case "DELETE":
		err = cloudformation.NewStackDeleteCompleteWaiter(g.stacks, func(o *cloudformation.StackDeleteCompleteWaiterOptions) {
			o.MinDelay, o.MaxDelay = shortestPoll, longestPoll
		}).Wait(ctx, asked, longestStack)
	case "UPDATE":
		err = cloudformation.NewStackUpdateCompleteWaiter(g.stacks, func(o *cloudformation.StackUpdateCompleteWaiterOptions) {
			o.MinDelay, o.MaxDelay = shortestPoll, longestPoll
		}).Wait(ctx, asked, longestStack)
	default: // a creation, or the taking back of one
		err = cloudformation.NewStackCreateCompleteWaiter(g.stacks, func(o *cloudformation.StackCreateCompleteWaiterOptions) {
			o.MinDelay, o.MaxDelay = shortestPoll, longestPoll
		}).Wait(ctx, asked, longestStack)
	}
	if err == nil {
		return nil
	}
	return g.went(ctx, *stack.StackId, err)
}

// went words how a wait ended: AWS's own error, the first of the stack's resources that failed, or the time.
func (g *grant) went(ctx context.Context, id string, err error) error {
	if ctx.Err() != nil || codeOf(err) != "" || unreachable(err) {
		return g.cloud.explain(ctx, err)
	}
	out := &uerr.Error{
		Code: uerr.Failure, What: "the permissions were not granted", Object: g.String(),
		Cause: err, Next: typePermissions,
	}
	failed, lookErr := g.firstFailure(ctx, id)
	switch {
	case lookErr != nil:
		out.Cause = errors.Join(err, g.cloud.explain(ctx, lookErr))
	case failed == nil:
		out.Code = uerr.TimedOut
		out.Cause = fmt.Errorf("AWS is not done after %s", longestStack)
	default:
		reason := g.cloud.scrub(sdk.ToString(failed.ResourceStatusReason))
		name := cmp.Or(sdk.ToString(failed.PhysicalResourceId), sdk.ToString(failed.LogicalResourceId))
		out.Cause = fmt.Errorf("%s %s (%s): %s", sdk.ToString(failed.ResourceType), name, sdk.ToString(failed.LogicalResourceId), cmp.Or(reason, string(failed.ResourceStatus)))
		out.Next = remedyFor(name, reason)
	}
	return out
}

// firstFailure is the resource that failed first in what was last done to the stack; the failures after it follow from
// it. Events come with the newest first, and each operation begins with one of the stack itself that a user initiated.
func (g *grant) firstFailure(ctx context.Context, id string) (*types.StackEvent, error) {
	var first *types.StackEvent
	pages := cloudformation.NewDescribeStackEventsPaginator(g.stacks, &cloudformation.DescribeStackEventsInput{StackName: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, event := range page.StackEvents {
			own := sdk.ToString(event.PhysicalResourceId) == sdk.ToString(event.StackId)
			if own && sdk.ToString(event.ResourceStatusReason) == "User Initiated" {
				return first, nil
			}
			if !own && strings.HasSuffix(string(event.ResourceStatus), "_FAILED") {
				first = &event
			}
		}
	}
	return first, nil
}

// remedyFor knows the two reasons that roles fail for; else the same again may help.
func remedyFor(name, reason string) string {
	lower := strings.ToLower(reason)
	switch {
	case strings.Contains(lower, "already exists"):
		return "delete " + name + " or rename it, then " + typePermissions
	case strings.Contains(lower, "not authorized"), strings.Contains(lower, "accessdenied"), strings.Contains(lower, "access denied"):
		return "as somebody who may manage roles and policies in IAM, " + typePermissions
	case strings.Contains(lower, "limitexceeded"), strings.Contains(lower, "limit exceeded"), strings.Contains(lower, "quota"):
		return "raise the quota in the AWS console or delete what is not used, then " + typePermissions
	}
	return typePermissions
}

func stackTags() []types.Tag {
	return []types.Tag{{Key: sdk.String("app.kubernetes.io/managed-by"), Value: sdk.String("slipway")}}
}
