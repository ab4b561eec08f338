package capictl

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// Worker does what requests ask; internal/capi's Installer is one.
type Worker interface {
	Missing(ctx context.Context) ([]string, error)
	Install(ctx context.Context, note func(text string)) error
}

// Serve is the other end: it reads one request, has it done, and answers. The error is for what stopped the
// conversation; a failure of the work is an answer.
func Serve(ctx context.Context, in io.Reader, out io.Writer, worker func(Request) Worker) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := bufio.NewReader(in)
	raw, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("this program is run by slipway and takes a request on stdin: %w", err)
	}
	var request Request
	if err := json.Unmarshal(raw, &request); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	go func() { // whoever asked is gone when the pipe ends
		_, _ = io.Copy(io.Discard, lines)
		cancel()
	}()
	var mu sync.Mutex
	say := func(a answer) error {
		mu.Lock()
		defer mu.Unlock()
		return json.NewEncoder(out).Encode(a)
	}
	result := answer{Done: true}
	if request.Apply {
		err = worker(request).Install(ctx, func(text string) { _ = say(answer{Note: text}) })
	} else {
		result.Missing, err = worker(request).Missing(ctx)
	}
	if err != nil {
		result.Failure = failureOf(err)
	}
	return say(result)
}
