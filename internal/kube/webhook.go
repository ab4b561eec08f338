package kube

import (
	"context"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A write waits this long for a controller whose webhook does not answer, as just after a restart of the plane.
const (
	webhookPatience = 30 * time.Second
	webhookPoll     = 500 * time.Millisecond
)

// patient is a client whose writes wait for a webhook that is away.
type patient struct{ client.WithWatch }

func (p patient) Apply(ctx context.Context, object runtime.ApplyConfiguration, options ...client.ApplyOption) error {
	return untilServed(ctx, func() error { return p.WithWatch.Apply(ctx, object, options...) })
}

func (p patient) Create(ctx context.Context, object client.Object, options ...client.CreateOption) error {
	return untilServed(ctx, func() error { return p.WithWatch.Create(ctx, object, options...) })
}

func (p patient) Update(ctx context.Context, object client.Object, options ...client.UpdateOption) error {
	return untilServed(ctx, func() error { return p.WithWatch.Update(ctx, object, options...) })
}

func (p patient) Patch(ctx context.Context, object client.Object, patch client.Patch, options ...client.PatchOption) error {
	return untilServed(ctx, func() error { return p.WithWatch.Patch(ctx, object, patch, options...) })
}

func (p patient) Delete(ctx context.Context, object client.Object, options ...client.DeleteOption) error {
	return untilServed(ctx, func() error { return p.WithWatch.Delete(ctx, object, options...) })
}

// untilServed sends a write again while the webhook that has to admit it is away. The error is the last answer.
func untilServed(ctx context.Context, send func() error) error {
	err := send()
	if !webhookAway(err) {
		return err
	}
	_ = wait.PollUntilContextTimeout(ctx, webhookPoll, webhookPatience, false, func(context.Context) (bool, error) {
		err = send()
		return !webhookAway(err), nil
	})
	return err
}

// webhookAway goes by the text of kube-apiserver's answer: the status has no field for it.
func webhookAway(err error) bool {
	return apierrors.IsInternalError(err) && strings.Contains(err.Error(), "failed calling webhook")
}
