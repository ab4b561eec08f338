package kube_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

func holder(pid int) kube.Holder {
	return kube.Holder{User: "ann", Host: "desk", PID: pid, Command: "scale cluster dev1"}
}

func testLock(t *testing.T, c *kube.Client, ns string) {
	first, err := c.Lock(t.Context(), ns, "dev1", holder(os.Getpid()))
	must(t, err)
	_, err = c.Lock(t.Context(), ns, "dev1", kube.Holder{User: "bob", Host: "desk", PID: os.Getpid(), Command: "delete cluster dev1"})
	var told *uerr.Error
	if !errors.As(err, &told) || !strings.Contains(err.Error(), "ann@desk") || !strings.Contains(err.Error(), "scale cluster dev1") ||
		!strings.Contains(err.Error(), "since ") || told.Next == "" {
		t.Fatalf("error %v, want who holds it, with what, since when, and what to do", err)
	}
	other, err := c.Lock(t.Context(), ns, "dev2", holder(os.Getpid()))
	must(t, err)
	other.Release()
	first.Release()
	leases := &coordinationv1.LeaseList{}
	must(t, c.API().List(t.Context(), leases, client.InNamespace(ns)))
	if len(leases.Items) != 0 {
		t.Errorf("a released lock leaves %d leases", len(leases.Items))
	}
	dead, err := c.Lock(t.Context(), ns, "dev3", holder(1<<22+1)) // above any pid the kernel gives
	must(t, err)
	second, err := c.Lock(t.Context(), ns, "dev3", holder(os.Getpid()))
	if err != nil {
		t.Fatalf("a dead holder on this machine was not replaced at once: %v", err)
	}
	dead.Release() // gives nothing back that is not its own
	if _, err := c.Lock(t.Context(), ns, "dev3", holder(os.Getpid())); err == nil {
		t.Error("the release of the dead holder freed the lock of its successor")
	}
	second.Release()
}

func testLockLost(t *testing.T, c *kube.Client, ns string) {
	lock := func(cluster string) (*kube.HeldLock, *coordinationv1.Lease) {
		held, err := c.Lock(t.Context(), ns, cluster, holder(os.Getpid()))
		must(t, err)
		lease := &coordinationv1.Lease{}
		must(t, c.API().Get(t.Context(), kube.Key{Namespace: ns, Name: "slipway-" + cluster}, lease))
		return held, lease
	}
	taken, of := lock("dev1")
	deleted, gone := lock("dev2")
	kept, touched := lock("dev3")
	thief := "bob@elsewhere pid 7 (delete cluster dev1)"
	of.Spec.HolderIdentity = &thief
	must(t, c.API().Update(t.Context(), of))
	must(t, c.API().Delete(t.Context(), gone))
	touched.Annotations["note"] = "of somebody who looks after leases"
	must(t, c.API().Update(t.Context(), touched))
	for held, want := range map[*kube.HeldLock]string{taken: thief, deleted: "nobody"} {
		ctx := held.Guard(t.Context())
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
			t.Fatalf("the loss of the lock to %s went unnoticed", want)
		}
		if cause := context.Cause(ctx); !strings.Contains(cause.Error(), want) {
			t.Errorf("cause %v, want %s as the new holder", cause, want)
		}
		held.Release()
	}
	if err := c.API().Get(t.Context(), client.ObjectKeyFromObject(of), of); err != nil {
		t.Errorf("the release of a lost lock removed the new holder's: %v", err)
	}
	renewed := touched.DeepCopy()
	for deadline := time.Now().Add(time.Minute); !renewed.Spec.RenewTime.After(touched.Spec.RenewTime.Time); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a lock whose Lease somebody annotated is not renewed")
		}
		must(t, c.API().Get(t.Context(), client.ObjectKeyFromObject(touched), renewed))
	}
	kept.Release()
}
