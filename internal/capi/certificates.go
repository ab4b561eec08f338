package capi

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// testNamespace is where clusterctl makes a certificate to see that cert-manager works; it deletes it again.
const testNamespace = "cert-manager-test"

// certificates checks that something plays cert-manager: first that its API is there at all, since clusterctl would
// wait for that, then with clusterctl's own test that it issues.
func (s *session) certificates(ctx context.Context) error {
	c, err := s.cluster.Proxy().NewClient(ctx)
	if err != nil {
		return err
	}
	_, err = c.RESTMapper().RESTMapping(schema.GroupKind{Group: "cert-manager.io", Kind: "Certificate"}, "v1")
	if err == nil {
		err = testNamespaceSettled(ctx, c)
	}
	if err == nil {
		err = s.cluster.CertManager().EnsureInstalled(ctx)
	}
	if err == nil {
		return nil
	}
	return &uerr.Error{
		What: "the management cluster does not serve cert-manager's API", Cause: err,
		Next: "install cert-manager in it; a plane serves it by itself: slipway management-cluster status",
	}
}

// testNamespaceSettled waits until the namespace that an earlier run deleted is really gone. clusterctl takes one that
// is going for one that is there, and then tries until its time-out to make a certificate in a namespace that is no more.
func testNamespaceSettled(ctx context.Context, c client.Client) error {
	tick := time.NewTicker(waitPoll)
	defer tick.Stop()
	for {
		ns := &corev1.Namespace{}
		err := c.Get(ctx, client.ObjectKey{Name: testNamespace}, ns)
		if apierrors.IsNotFound(err) || err == nil && ns.DeletionTimestamp.IsZero() {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New("namespace "+testNamespace+" of an earlier run is still being deleted"), ctx.Err())
		case <-tick.C:
		}
	}
}
