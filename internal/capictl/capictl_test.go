package capictl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// TestMain makes this test's own program the other end of the pipe when it is asked to be.
func TestMain(m *testing.M) {
	if os.Getenv("CAPICTL_TEST_WORKER") == "" {
		os.Exit(m.Run())
	}
	err := Serve(context.Background(), os.Stdin, os.Stdout, func(r Request) Worker { return fake{r} })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// fake does what the name of its infrastructure says.
type fake struct{ request Request }

func (f fake) Missing(context.Context) ([]string, error) {
	if f.request.Infrastructure == "nothing" {
		return nil, nil
	}
	return []string{f.request.Infrastructure, f.request.Variables["SECRET"]}, nil
}

func (f fake) Install(ctx context.Context, note func(string)) error {
	switch f.request.Infrastructure {
	case "known":
		return fmt.Errorf("outer: %w", &uerr.Error{Code: uerr.NotFound, What: "what", Object: "object", Cause: errors.New("cause"), Next: "next"})
	case "findings":
		return uerr.Findings{{Code: uerr.Credentials, Where: "where", Problem: "problem", Next: "next"}}
	case "plain":
		return errors.New("plain")
	case "endless":
		note("waiting")
		<-ctx.Done()
		return &uerr.Error{Code: uerr.Cancelled, What: "not all installed", Cause: errors.New("the last thing that was wrong")}
	case "panic":
		panic("boom")
	}
	note("one")
	note("two")
	return nil
}

func installer(t *testing.T, infrastructure string) Installer {
	t.Helper()
	return Installer{
		Program: os.Args[0], Env: append(os.Environ(), "CAPICTL_TEST_WORKER=1"),
		Request: Request{Infrastructure: infrastructure, Variables: map[string]string{"SECRET": "s3cret"}},
	}
}

func TestMissing(t *testing.T) {
	got, err := installer(t, "vsphere").Missing(t.Context())
	if diff := cmp.Diff([]string{"vsphere", "s3cret"}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if got, err := installer(t, "nothing").Missing(t.Context()); err != nil || len(got) > 0 {
		t.Errorf("%v %v", got, err)
	}
}

func TestNotesArriveInOrder(t *testing.T) {
	var notes []string
	err := installer(t, "vsphere").Install(t.Context(), func(text string) { notes = append(notes, text) })
	if diff := cmp.Diff([]string{"one", "two"}, notes); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestErrorsKeepWhatAPersonNeeds(t *testing.T) {
	var known *uerr.Error
	err := installer(t, "known").Install(t.Context(), func(string) {})
	if !errors.As(err, &known) || uerr.ExitCode(err) != uerr.NotFound || known.What != "outer: what" ||
		known.Object != "object" || known.Cause.Error() != "cause" || known.Next != "next" {
		t.Errorf("%#v", err)
	}
	err = installer(t, "findings").Install(t.Context(), func(string) {})
	want := uerr.Findings{{Code: uerr.Credentials, Where: "where", Problem: "problem", Next: "next"}}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Error(diff)
	}
	err = installer(t, "plain").Install(t.Context(), func(string) {})
	if err == nil || err.Error() != "plain" {
		t.Error(err)
	}
	err = installer(t, "panic").Install(t.Context(), func(string) {})
	if err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("what the program said before it died is lost: %v", err)
	}
}

func TestItEndsWithItsContext(t *testing.T) {
	for name, code := range map[string]uerr.Code{"cancelled": uerr.Cancelled, "timed out": uerr.TimedOut} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			if code == uerr.TimedOut {
				ctx, cancel = context.WithTimeout(t.Context(), time.Second)
			}
			defer cancel()
			err := installer(t, "endless").Install(ctx, func(string) {
				if code == uerr.Cancelled {
					cancel()
				}
			})
			if uerr.ExitCode(err) != code || !errors.Is(err, ctx.Err()) || !strings.Contains(err.Error(), "the last thing that was wrong") {
				t.Errorf("%v, exit code %d", err, uerr.ExitCode(err))
			}
		})
	}
}

// TestItEndsWhenNobodyListens is a command that was killed: the pipe ends and nothing else is said.
func TestItEndsWhenNobodyListens(t *testing.T) {
	in, request := context.WithCancel(t.Context())
	defer request()
	err := Serve(in, strings.NewReader(`{"apply":true,"infrastructure":"endless"}`+"\n"), &strings.Builder{},
		func(r Request) Worker { return fake{r} })
	if err != nil {
		t.Error(err)
	}
}

func TestAProgramThatIsNotThere(t *testing.T) {
	i := installer(t, "vsphere")
	i.Program = filepath.Join(t.TempDir(), "no-such-program")
	if _, err := i.Missing(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestStartedByHand(t *testing.T) {
	err := Serve(t.Context(), strings.NewReader(""), &strings.Builder{}, nil)
	if err == nil || !strings.Contains(err.Error(), "is run by slipway") {
		t.Error(err)
	}
}
