package phase_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/phase"
	"github.com/slipway-sh/slipway/internal/uerr"
)

func (b bench) pool(edit kube.PoolEdit) phase.PoolInput {
	return phase.PoolInput{
		Client: b.client, Cluster: b.key, Edit: edit, Holder: b.holder("set nodepool"), Wait: true, Resume: "slipway set nodepool dev1",
	}
}

// testPools adds a system pool and one of workers, changes and scales them, and takes away all that may go.
func testPools(t *testing.T, b bench) {
	run(t, &quiet{}, b.create())
	one, two, four := int32(1), int32(2), int32(4)
	system := kube.PoolEdit{Name: "sys", Class: kube.SystemClass, Replicas: &one}
	for _, want := range [][]string{
		{"request checked", "cluster locked", "pool changed", "workers ready"},
		{"request checked", "cluster locked"}, // typed again
	} {
		q := &quiet{}
		run(t, q, phase.SetPool(b.pool(system)))
		if diff := cmp.Diff(want, q.applied); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
	}
	changes, err := phase.Plan(t.Context(), phase.SetPool(b.pool(kube.PoolEdit{Name: "sys", Replicas: &two})))
	must(t, err)
	if len(changes) != 1 || changes[0].Field != "spec.topology.workers.machinePools[name=sys].replicas" || changes[0].To != "2" {
		t.Errorf("preview %v", changes)
	}
	run(t, &quiet{}, b.create()) // typed again, it finds the cluster it made
	run(t, &quiet{}, phase.Scale(phase.ScaleInput{
		Client: b.client, Cluster: b.key, Size: kube.Size{Workers: &four}, Holder: b.holder("scale"), Wait: true,
	}))
	b.expectWorkers(t, "5/5", "md-0, sys")

	b.refuse(t, phase.SetPool(b.pool(kube.PoolEdit{Name: "more"})), "there is no pool more (there are: md-0, sys)")
	b.refuse(t, phase.SetPool(b.pool(kube.PoolEdit{Name: "sys", Class: "worker", Replicas: &two})), "cannot become one of class worker")
	b.refuse(t, phase.SetPool(b.pool(kube.PoolEdit{Name: "sys"})), "nothing to change")
	none, wrong := int32(0), int32(-1)
	b.refuse(t, phase.SetPool(b.pool(kube.PoolEdit{Name: "sys", Replicas: &none})), "the cluster's own pods")
	b.refuse(t, phase.SetPool(b.pool(kube.PoolEdit{Name: "more", Replicas: &wrong})), "-1 is no number of workers")
	b.refuse(t, phase.DeletePool(b.pool(kube.PoolEdit{Name: "sys"})), "the cluster's own pods")
	size := kube.Size{Pool: "sys"}
	b.refuse(t, phase.Scale(phase.ScaleInput{Client: b.client, Cluster: b.key, Size: size, Holder: b.holder("scale")}), "how many workers pool sys is to have")
	size = kube.Size{Pool: "gone", Workers: &two}
	b.refuse(t, phase.Scale(phase.ScaleInput{Client: b.client, Cluster: b.key, Size: size, Holder: b.holder("scale")}), "no such pool of workers: gone")

	run(t, &quiet{}, phase.SetPool(b.pool(kube.PoolEdit{Name: "sys2", Class: kube.SystemClass, Replicas: &one})))
	run(t, &quiet{}, phase.DeletePool(b.pool(kube.PoolEdit{Name: "sys"})))
	run(t, &quiet{}, phase.DeletePool(b.pool(kube.PoolEdit{Name: "md-0"})))
	b.expectWorkers(t, "1/1", "sys2")
	b.refuse(t, phase.DeletePool(b.pool(kube.PoolEdit{Name: "sys2"})), "only pool of workers")
	b.refuse(t, phase.DeletePool(b.pool(kube.PoolEdit{Name: "md-0"})), "its pools are sys2")
	run(t, &quiet{}, b.delete(""))
}

func (b bench) expectWorkers(t *testing.T, count, pools string) {
	t.Helper()
	cluster, err := b.client.Cluster(t.Context(), b.key)
	must(t, err)
	if got := kube.WorkerCount(cluster).String(); got != count || kube.PoolNames(kube.Pools(cluster)) != pools {
		t.Errorf("workers %s in %s, want %s in %s", got, kube.PoolNames(kube.Pools(cluster)), count, pools)
	}
}

// refuse wants an operation refused by its first phase, with the person told why and what to type.
func (b bench) refuse(t *testing.T, op phase.Operation, want string) {
	t.Helper()
	q := &quiet{}
	err := phase.Run(t.Context(), q, op)
	if err == nil || !strings.Contains(err.Error(), want) || len(q.applied) > 0 {
		t.Errorf("%v after %v, want it refused at once: %q", err, q.applied, want)
	}
	var told *uerr.Error
	var findings uerr.Findings
	if !errors.As(err, &findings) && (!errors.As(err, &told) || told.Next == "") {
		t.Errorf("%v: what to type next is not said", err)
	}
}
