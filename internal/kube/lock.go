package kube

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/uerr"
)

const (
	// leaseDuration is how long a lock outlives its holder when the holder is on a machine we cannot ask. Clocks of two
	// operators may differ by less than that.
	leaseDuration = 30 * time.Second
	renewEvery    = leaseDuration / 3
)

// Annotations of a lock's Lease, by which a holder on this machine can be asked whether it is still alive.
const (
	holderPIDAnnotation   = "slipway.sh/holder-pid"
	holderStartAnnotation = "slipway.sh/holder-start" // tells a later process with the same pid apart
	holderSpaceAnnotation = "slipway.sh/holder-space" // machine and process id namespace, in which the pid means something
)

// Holder says who holds a lock. Command must hold no secret; every operator of the cluster can read it.
type Holder struct {
	User    string
	Host    string
	PID     int
	Command string // "scale cluster dev1"
}

// String is the identity on the Lease.
func (h Holder) String() string {
	return fmt.Sprintf("%s@%s pid %d (%s)", h.User, h.Host, h.PID, h.Command)
}

// HeldLock is a lock in our hands. It is renewed in the background until Release.
type HeldLock struct {
	client *Client
	lease  *coordinationv1.Lease // as it was last written
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu    sync.Mutex
	close []context.CancelCauseFunc
}

// Lock takes the lock of one cluster, a Lease in its namespace. When somebody else holds it the error says who, since
// when, and what to do. A holder that has died is replaced: at once when it ran on this machine, else when its lease
// has run out.
func (c *Client) Lock(ctx context.Context, namespace, cluster string, h Holder) (*HeldLock, error) {
	key := Key{Namespace: namespace, Name: lockName(cluster)}
	for {
		lease, err := c.tryLock(ctx, key, h)
		if err != nil {
			return nil, err
		}
		if lease != nil {
			return c.hold(lease), nil
		}
		if ctx.Err() != nil { // two operators raced for the same expired lease; look again
			return nil, EndedError(ctx, "the cluster's lock", "Lease "+key.String(), context.Cause(ctx))
		}
	}
}

func lockName(cluster string) string { return FieldOwner + "-" + cluster }

func isLock(lease *coordinationv1.Lease) bool {
	return lease.Labels[ManagedByLabel] == FieldOwner && lease.Annotations[holderPIDAnnotation] != ""
}

// tryLock is one attempt; no lease and no error means that it changed meanwhile.
func (c *Client) tryLock(ctx context.Context, key Key, h Holder) (*coordinationv1.Lease, error) {
	lease := &coordinationv1.Lease{}
	err := c.api.Get(ctx, key, lease)
	switch {
	case apierrors.IsNotFound(err):
		lease = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
		c.fill(lease, h)
		err = c.api.Create(ctx, lease, client.FieldOwner(FieldOwner))
	case err != nil:
	case c.alive(lease):
		return nil, heldError(lease)
	default:
		c.fill(lease, h)
		err = c.api.Update(ctx, lease, client.FieldOwner(FieldOwner))
	}
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) && lease.ResourceVersion != "" {
		return nil, nil //nolint:nilnil // as above
	}
	if err != nil {
		return nil, c.explain(ctx, fmt.Errorf("take Lease %s: %w", key, err))
	}
	return lease, nil
}

func (c *Client) fill(lease *coordinationv1.Lease, h Holder) {
	now := metav1.NewMicroTime(c.now())
	seconds, id := int32(leaseDuration/time.Second), h.String()
	lease.Spec = coordinationv1.LeaseSpec{
		HolderIdentity: &id, LeaseDurationSeconds: &seconds, AcquireTime: &now, RenewTime: &now,
	}
	if lease.Labels == nil {
		lease.Labels = map[string]string{}
	}
	lease.Labels[ManagedByLabel] = FieldOwner
	if lease.Annotations == nil {
		lease.Annotations = map[string]string{}
	}
	lease.Annotations[holderPIDAnnotation] = strconv.Itoa(h.PID)
	lease.Annotations[holderStartAnnotation] = processStart(h.PID)
	lease.Annotations[holderSpaceAnnotation] = processSpace()
}

// alive says whether the holder of a lease must be reckoned with.
func (c *Client) alive(lease *coordinationv1.Lease) bool {
	if lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "" || lease.Spec.RenewTime == nil {
		return false
	}
	duration := leaseDuration
	if lease.Spec.LeaseDurationSeconds != nil {
		duration = time.Duration(*lease.Spec.LeaseDurationSeconds) * time.Second
	}
	if c.now().Sub(lease.Spec.RenewTime.Time) > duration {
		return false
	}
	pid, err := strconv.Atoi(lease.Annotations[holderPIDAnnotation])
	if err != nil || lease.Annotations[holderSpaceAnnotation] != processSpace() {
		return true
	}
	return processAlive(pid) && processStart(pid) == lease.Annotations[holderStartAnnotation]
}

func heldError(lease *coordinationv1.Lease) error {
	since := ""
	if lease.Spec.AcquireTime != nil {
		since = " since " + lease.Spec.AcquireTime.Format("2006-01-02 15:04:05 MST")
	}
	return &uerr.Error{
		Code: uerr.Failure, What: "somebody else is working on this cluster",
		Object: "Lease " + lease.Namespace + "/" + lease.Name,
		Cause:  fmt.Errorf("held by %s%s", *lease.Spec.HolderIdentity, since),
		Next: fmt.Sprintf("wait until that command ends and type yours again; if its machine is gone, the lock runs out by itself %d s after its last sign of life",
			int(leaseDuration/time.Second)),
	}
}

// Guard gives a context that ends, with the reason as its cause, when the lock is lost.
func (l *HeldLock) Guard(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.close = append(l.close, cancel)
	return ctx
}

func (c *Client) hold(lease *coordinationv1.Lease) *HeldLock {
	ctx, stop := context.WithCancel(context.Background())
	l := &HeldLock{client: c, lease: lease, stop: stop}
	l.done.Go(func() { l.renew(ctx) })
	return l
}

// renew keeps the lease until ctx ends. The lock is lost when another name is on it, or it could not be renewed for as
// long as it lasts.
func (l *HeldLock) renew(ctx context.Context) {
	renewed := l.client.now()
	for {
		sleep(ctx, renewEvery)
		if ctx.Err() != nil {
			return
		}
		lost, err := l.renewOnce(ctx)
		if err == nil {
			renewed = l.client.now()
			continue
		}
		if lost || l.client.now().Sub(renewed) > leaseDuration+outageLimit {
			l.cancel(err)
			return
		}
	}
}

// renewOnce says with its error whether the lock is lost, or only could not be renewed this time.
func (l *HeldLock) renewOnce(ctx context.Context) (lost bool, err error) {
	err = l.write(ctx, l.lease)
	if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		return false, l.client.explain(ctx, err)
	}
	have := &coordinationv1.Lease{} // deleted, taken, or written by a renewal whose answer was lost
	err = l.client.api.Get(ctx, l.key(), have)
	switch {
	case apierrors.IsNotFound(err):
		return true, l.lostTo("nobody: the Lease was deleted")
	case err == nil && !l.ours(have):
		return true, l.lostTo(ptr.Deref(have.Spec.HolderIdentity, "nobody"))
	case err == nil:
		err = l.write(ctx, have)
	}
	return false, l.client.explain(ctx, err)
}

// write renews the lock, by a Lease that must not have changed meanwhile.
func (l *HeldLock) write(ctx context.Context, lease *coordinationv1.Lease) error {
	next, now := lease.DeepCopy(), metav1.NewMicroTime(l.client.now())
	next.Spec.RenewTime = &now
	if err := l.client.api.Update(ctx, next, client.FieldOwner(FieldOwner)); err != nil {
		return err
	}
	l.lease = next
	return nil
}

func (l *HeldLock) key() Key { return client.ObjectKeyFromObject(l.lease) }

func (l *HeldLock) ours(lease *coordinationv1.Lease) bool {
	return ptr.Deref(lease.Spec.HolderIdentity, "") == *l.lease.Spec.HolderIdentity
}

func (l *HeldLock) lostTo(holder string) error {
	return &uerr.Error{
		Code: uerr.Failure, What: "the cluster's lock was lost, so this command stopped", Object: "Lease " + l.key().String(),
		Cause: fmt.Errorf("it is now held by %s", holder),
		Next:  "wait until that command ends, then type the same command again",
	}
}

func (l *HeldLock) cancel(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, cancel := range l.close {
		cancel(cause)
	}
}

// Release gives the lock back; it works also after ctx of the operation has ended. A lock that could not be given back
// runs out by itself, so there is no error.
func (l *HeldLock) Release() {
	l.stop()
	l.done.Wait()
	l.cancel(context.Canceled)
	ctx, cancel := context.WithTimeout(context.Background(), lastWord)
	defer cancel()
	lease := &coordinationv1.Lease{}
	if err := l.client.api.Get(ctx, l.key(), lease); err != nil || !l.ours(lease) {
		return
	}
	_ = l.client.api.Delete(ctx, lease, client.Preconditions{UID: &lease.UID, ResourceVersion: &lease.ResourceVersion})
}
