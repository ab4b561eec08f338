package kube

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// maxEventMessage is what the API server takes, in bytes.
const maxEventMessage = 1024

// Event is what Slipway notes on a Cluster for everybody who describes it.
type Event struct {
	Reason  string // one word: "SlipwayScale"
	Message string // no secret: every operator of the cluster can read it
	Warning bool
	Host    string // where it comes from
	Gone    bool   // also on a Cluster that is not there any more
}

// Note writes an Event about a Cluster. Of one that is not there nothing is written, unless the event is about that.
func (c *Client) Note(ctx context.Context, key Key, e Event) error {
	cluster, err := c.Cluster(ctx, key)
	switch {
	case uerr.ExitCode(err) == uerr.NotFound && e.Gone:
		cluster = &clusterv1.Cluster{}
	case uerr.ExitCode(err) == uerr.NotFound:
		return nil
	case err != nil:
		return err
	}
	now := metav1.NewTime(c.now().Truncate(time.Second))
	event := &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: key.Name + ".", Namespace: key.Namespace, Labels: map[string]string{ManagedByLabel: FieldOwner},
		},
		InvolvedObject: corev1.ObjectReference{
			APIVersion: clusterv1.GroupVersion.String(), Kind: "Cluster", Namespace: key.Namespace, Name: key.Name, UID: cluster.UID,
		},
		Type: corev1.EventTypeNormal, Reason: e.Reason, Message: e.Message[:min(len(e.Message), maxEventMessage)],
		Source:         corev1.EventSource{Component: FieldOwner, Host: e.Host},
		FirstTimestamp: now, LastTimestamp: now, Count: 1,
	}
	if e.Warning {
		event.Type = corev1.EventTypeWarning
	}
	if err := c.api.Create(ctx, event); err != nil {
		return c.explain(ctx, fmt.Errorf("note %s on %s: %w", e.Reason, ClusterName(key), err))
	}
	return nil
}
