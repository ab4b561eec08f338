package phase

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// step is a phase whose state is one bool.
type step struct {
	name     string
	done     bool
	checkErr error
	applyErr error
	during   func() // called by Apply
	log      *[]string
}

func (s *step) Name() string { return s.name }

func (s *step) Check(context.Context) ([]Change, error) {
	if s.done || s.checkErr != nil {
		return nil, s.checkErr
	}
	return []Change{{Object: s.name, To: "done"}}, nil
}

func (s *step) Apply(_ context.Context, note func(string)) error {
	note("working")
	if s.during != nil {
		s.during()
	}
	s.done = s.applyErr == nil
	return s.applyErr
}

// latch is a guard: a lock without a cluster.
type latch struct {
	step
	lost func(error)
}

func (l *latch) Guard(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	l.lost = cancel
	return ctx
}

func (l *latch) Release() { *l.log = append(*l.log, "release") }

func (*latch) passing() {}

type recorder struct{ log *[]string }

func (r recorder) Start(name string)      { *r.log = append(*r.log, "start "+name) }
func (r recorder) Note(name, text string) { *r.log = append(*r.log, "note "+name+" "+text) }
func (r recorder) Done(name string)       { *r.log = append(*r.log, "done "+name) }
func (r recorder) Skip(name, _ string)    { *r.log = append(*r.log, "skip "+name) }
func (r recorder) Fail(name string)       { *r.log = append(*r.log, "fail "+name) }

func TestRunSkipsWhatIsDoneAndReleasesItsGuard(t *testing.T) {
	var log []string
	op := Operation{Phases: []Phase{
		&latch{step: step{name: "lock", log: &log}}, &step{name: "first", done: true}, &step{name: "second"},
	}}
	if err := Run(t.Context(), recorder{&log}, op); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"start lock", "note lock working", "done lock", "start first", "skip first",
		"start second", "note second working", "done second", "release",
	}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRunStopsAtTheFirstErrorAndNamesThePhase(t *testing.T) {
	var log []string
	after := &step{name: "after"}
	op := Operation{Phases: []Phase{&latch{step: step{name: "lock", log: &log}}, &step{name: "bad", applyErr: errors.New("disk full")}, after}}
	err := Run(t.Context(), recorder{&log}, op)
	if err == nil || err.Error() != "bad: disk full" {
		t.Errorf("error %v, want one that names the phase", err)
	}
	if after.done || log[len(log)-1] != "release" {
		t.Errorf("the run went on, or did not release its guard: %v", log)
	}
}

func TestRunTellsWhatGoesOnWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var log []string
	op := Operation{
		Phases:    []Phase{&step{name: "cluster", during: cancel}, &step{name: "workers ready"}},
		Meanwhile: "it goes on", Resume: "slipway create cluster dev1",
	}
	err := Run(ctx, recorder{&log}, op)
	if uerr.ExitCode(err) != uerr.Cancelled {
		t.Errorf("exit code %d, want %d: %v", uerr.ExitCode(err), uerr.Cancelled, err)
	}
	var told *uerr.Error
	if !errors.As(err, &told) || !strings.Contains(told.Next, "it goes on") || !strings.Contains(told.Next, "slipway create cluster dev1") {
		t.Errorf("next is %+v, want what goes on and how to resume", told)
	}
	if !strings.Contains(err.Error(), "workers ready") {
		t.Errorf("%v does not name the phase", err)
	}
}

func TestRunKeepsTheBlockingConditionOfATimeOut(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 0, nil)
	defer cancel()
	blocked := kube.EndedError(ctx, "the workers", "Machine default/x", errors.New("no such template"))
	err := Operation{Resume: "again"}.explain(ctx, &step{name: "workers ready"}, blocked)
	if uerr.ExitCode(err) != uerr.TimedOut || !strings.Contains(err.Error(), "no such template") || !strings.Contains(err.Error(), "Machine default/x") {
		t.Errorf("%v (exit code %d), want a time-out with object and condition", err, uerr.ExitCode(err))
	}
}

func TestRunEndsWhenItsGuardIsLost(t *testing.T) {
	var log []string
	lock := &latch{step: step{name: "lock", log: &log}}
	lost := &uerr.Error{Code: uerr.Failure, What: "lost", Next: "wait"}
	after := &step{name: "after"}
	op := Operation{Phases: []Phase{lock, &step{name: "work", during: func() { lock.lost(lost) }}, after}, Resume: "again"}
	err := Run(t.Context(), recorder{&log}, op)
	var told *uerr.Error
	if !errors.As(err, &told) || told.What != "lost" || told.Next != "wait" {
		t.Errorf("error %v, want the reason of the loss with its own advice", err)
	}
	if after.done {
		t.Error("a phase ran without the lock")
	}
}

func TestPlanChecksAndTouchesNothing(t *testing.T) {
	var log []string
	work := &step{name: "work"}
	op := Operation{Phases: []Phase{&latch{step: step{name: "lock", log: &log}}, &step{name: "old", done: true}, work}}
	got, err := Plan(t.Context(), op)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Change{{Object: "work", To: "done"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if work.done || len(log) > 0 {
		t.Error("a preview changed something")
	}
}

func TestSizesAreRefusedAllAtOnce(t *testing.T) {
	n := func(i int32) *int32 { return &i }
	tests := map[string]struct {
		size    kube.Size
		managed bool
		want    int
	}{
		"fine":                  {size: kube.Size{ControlPlane: n(3), Workers: n(0)}},
		"workers only":          {size: kube.Size{Workers: n(4)}},
		"nothing":               {want: 1},
		"even":                  {size: kube.Size{ControlPlane: n(2)}, want: 1},
		"none and negative":     {size: kube.Size{ControlPlane: n(0), Workers: n(-1)}, want: 2},
		"managed control plane": {size: kube.Size{ControlPlane: n(3)}, managed: true, want: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := checkSize{size: tt.size}.findings(tt.managed)
			if len(got) != tt.want {
				t.Errorf("%d findings, want %d: %v", len(got), tt.want, got)
			}
			if tt.want > 0 && uerr.ExitCode(got.Err()) != uerr.Usage {
				t.Errorf("exit code %d, want usage", uerr.ExitCode(got.Err()))
			}
		})
	}
}
