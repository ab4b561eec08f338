package hook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipway-sh/slipway/internal/config"
)

// most is how many events may wait for one hook: those of the largest fleet, should its receiver be gone.
const most = 4096

// atOnce is how many events one webhook gets at once. Commands are run one after the other, as whoever writes a script
// expects.
const atOnce = 4

// Bounds of Close: what the rest may take when the work is done, and when somebody wants to leave.
const (
	patience   = 30 * time.Second
	impatience = 5 * time.Second
)

// Options say whom to tell.
type Options struct {
	Hooks   []config.Hook
	Environ []string      // of the commands
	Failed  func(Failure) // called from any goroutine for each event that a hook was not told
}

// Failure is an event that did not arrive.
type Failure struct {
	Hook  config.Hook
	Event Event
	Err   error // why, without any part of a URL but the host
}

// Sender tells hooks in the background.
type Sender struct {
	Options
	queues  []*queue
	web     *web
	workers sync.WaitGroup
	waiting atomic.Int64
	stop    context.CancelCauseFunc

	patience, impatience time.Duration
}

// queue is one hook with what it is yet to be told.
type queue struct {
	config.Hook
	messages chan message
}

// Start begins to tell. What ctx carries counts, that it ends does not: Close decides.
func Start(ctx context.Context, o Options) *Sender {
	s := &Sender{Options: o, web: newWeb(), patience: patience, impatience: impatience}
	ctx, s.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	for _, h := range o.Hooks {
		q := &queue{Hook: h, messages: make(chan message, most)}
		s.queues = append(s.queues, q)
		workers := 1
		if len(h.Command) == 0 {
			workers = atOnce
		}
		for range workers {
			s.workers.Go(func() { s.work(ctx, q) })
		}
	}
	return s
}

// Tell gives an event to the hooks that want it. It never waits. No call may come after Close.
func (s *Sender) Tell(e Event) {
	var wanted []*queue
	for _, q := range s.queues {
		if slices.Contains(q.Events, e.Name) && (q.Family == "" || q.Family == e.Family) {
			wanted = append(wanted, q)
		}
	}
	if len(wanted) == 0 {
		return
	}
	m, err := encode(e)
	for _, q := range wanted {
		if err != nil {
			s.Failed(Failure{q.Hook, e, err})
			continue
		}
		s.waiting.Add(1)
		select {
		case q.messages <- m:
		default:
			s.waiting.Add(-1)
			s.Failed(Failure{q.Hook, e, fmt.Errorf("%d events before it are still waiting", most)})
		}
	}
}

// Waiting is how many events have not arrived yet.
func (s *Sender) Waiting() int { return int(s.waiting.Load()) }

var errNoTime = errors.New("no time was left")

// Close waits for what is still to be told, for a while; less so when ctx ends. The rest is reported as failed.
func (s *Sender) Close(ctx context.Context) {
	for _, q := range s.queues {
		close(q.messages)
	}
	done := make(chan struct{})
	go func() { s.workers.Wait(); close(done) }()
	long := time.NewTimer(s.patience)
	defer long.Stop()
	select {
	case <-done:
	case <-long.C:
	case <-ctx.Done():
		short := time.NewTimer(s.impatience)
		defer short.Stop()
		select {
		case <-done:
		case <-short.C:
		}
	}
	s.stop(errNoTime)
	<-done
	s.web.client.CloseIdleConnections()
}

func (s *Sender) work(ctx context.Context, q *queue) {
	for m := range q.messages {
		err := context.Cause(ctx)
		switch {
		case err != nil:
		case len(q.Command) > 0:
			err = run(ctx, q.Hook, s.Environ, m)
		default:
			err = s.web.tell(ctx, q.Hook, m)
		}
		s.waiting.Add(-1)
		if err != nil {
			s.Failed(Failure{q.Hook, m.Event, err})
		}
	}
}

// newWeb has the times that webhooks are tried with.
func newWeb() *web {
	transport := http.DefaultTransport.(*http.Transport).Clone() // obeys the proxies of the environment
	transport.MaxIdleConnsPerHost = atOnce
	return &web{
		client: &http.Client{
			Transport: transport,
			// A receiver that moved is a mistake in the file: nothing that is signed goes where the file does not say.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		attempts: attempts, first: firstPause, total: inTotal,
	}
}
