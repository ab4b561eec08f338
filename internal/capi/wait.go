package capi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cluster-api/cmd/clusterctl/client/repository"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/uerr"
)

const waitPoll = 200 * time.Millisecond

// problem is why a provider is not ready yet: the object that is not, and what it says.
type problem struct {
	object string
	cause  error
	next   string
}

// wait returns when every provider is Available and its webhooks answer; on time-out it names what was not.
func (s *session) wait(ctx context.Context, list []repository.Components, note func(string)) error {
	c, err := s.cluster.Proxy().NewClient(ctx)
	if err != nil {
		return err
	}
	for _, comps := range list {
		note(fmt.Sprintf("waiting for %s %s", comps.ManifestLabel(), comps.Version()))
		if err := waitProvider(ctx, c, comps.Objs()); err != nil {
			return err
		}
	}
	return nil
}

func waitProvider(ctx context.Context, c client.Client, objs []unstructured.Unstructured) error {
	tick := time.NewTicker(waitPoll)
	defer tick.Stop()
	var last *problem
	for {
		// A check that the deadline cut short says less than the one before it.
		if p := firstProblem(ctx, c, objs); p == nil {
			return nil
		} else if last == nil || ctx.Err() == nil {
			last = p
		}
		select {
		case <-ctx.Done():
			return last.timedOut(ctx.Err())
		case <-tick.C:
		}
	}
}

func (p *problem) timedOut(why error) error {
	code := uerr.TimedOut
	if errors.Is(why, context.Canceled) {
		code = uerr.Cancelled
	}
	return &uerr.Error{
		Code: code, What: "provider is not ready", Object: p.object,
		Cause: fmt.Errorf("%w (%w)", p.cause, why), Next: p.next,
	}
}

// firstProblem looks at the Deployments, then at the certificates of the webhooks, then calls one.
func firstProblem(ctx context.Context, c client.Client, objs []unstructured.Unstructured) *problem {
	for _, check := range []func(context.Context, client.Client, unstructured.Unstructured) *problem{
		deploymentProblem, certificateProblem, webhookProblem,
	} {
		for _, obj := range objs {
			if p := check(ctx, c, obj); p != nil {
				return p
			}
		}
	}
	return nil
}

func deploymentProblem(ctx context.Context, c client.Client, obj unstructured.Unstructured) *problem {
	if obj.GetKind() != "Deployment" {
		return nil
	}
	p := &problem{
		object: "Deployment " + obj.GetNamespace() + "/" + obj.GetName(),
		next:   "slipway management-cluster logs " + obj.GetName(),
	}
	d := &appsv1.Deployment{}
	if err := c.Get(ctx, client.ObjectKeyFromObject(&obj), d); err != nil {
		p.cause = err
		return p
	}
	var said []string
	for _, cond := range d.Status.Conditions {
		if cond.Type == appsv1.DeploymentAvailable && cond.Status == corev1.ConditionTrue {
			return nil
		}
		if cond.Message != "" {
			said = append(said, fmt.Sprintf("%s is %s: %s", cond.Type, cond.Status, cond.Message))
		}
	}
	p.cause = errors.New("it has no status yet: nothing seems to run Deployments in this cluster")
	if len(said) > 0 {
		p.cause = errors.New(strings.Join(said, "; "))
	}
	return p
}

func deploymentsExist(ctx context.Context, c client.Client, comps repository.Components) (bool, error) {
	for _, obj := range comps.Objs() {
		if obj.GetKind() != "Deployment" {
			continue
		}
		err := c.Get(ctx, client.ObjectKeyFromObject(&obj), &appsv1.Deployment{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}
