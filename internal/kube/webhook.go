package kube

import (
	"context"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
)

// A write waits this long for a controller whose webhook does not answer, as just after a restart of the plane.
const (
	webhookPatience = 30 * time.Second
	webhookPoll     = 500 * time.Millisecond
)

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
