// Package capictl is what the command line links of installing providers: it runs the program slipway-capi and speaks
// with it over pipes. clusterctl's library, which does the work, is in internal/capi and is linked by that program
// alone: its packages need 10 ms to initialise, a third of the start-up time of every command.
//
// One process does one request. It reads the request from stdin, so that no variable is ever an argument, and ends when
// stdin is closed, so that it never outlives a command that was killed. It answers on stdout, one JSON document a line.
package capictl

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/daemon"
)

// Variable names the program when it is not beside the command line's.
const Variable = "SLIPWAY_CAPI"

const program = "slipway-capi"

// endGrace is how long the program may take to end by itself once it was asked to.
const endGrace = 10 * time.Second

// Request is one piece of work.
type Request struct {
	Apply          bool              `json:"apply"` // otherwise only say what is missing
	Kubeconfig     string            `json:"kubeconfig"`
	Context        string            `json:"context,omitempty"` // empty means the file's current one
	Infrastructure string            `json:"infrastructure"`
	Version        string            `json:"version"` // of the infrastructure's provider
	Variables      map[string]string `json:"variables,omitempty"`
	Repository     string            `json:"repository"`       // folder of the provider artifacts
	Bundle         string            `json:"bundle,omitempty"` // folder to take them from first
}

// answer is one line of the program: a note, or the result.
type answer struct {
	Note    string   `json:"note,omitempty"`
	Done    bool     `json:"done,omitempty"`
	Missing []string `json:"missing,omitempty"`
	Failure *failure `json:"failure,omitempty"`
}

// Installer puts Cluster API and one infrastructure provider into a management cluster.
type Installer struct {
	Request

	Program string   // slipway-capi; empty finds it
	Env     []string // the program's whole environment; nil is this process's
}

// Missing names the providers that are not there in the wanted version, or not up.
func (i Installer) Missing(ctx context.Context) ([]string, error) {
	i.Apply = false
	return i.ask(ctx, i.Request, func(string) {})
}

// Install installs what is missing and returns once it is up.
func (i Installer) Install(ctx context.Context, note func(text string)) error {
	request := i.Request
	request.Apply = true
	_, err := i.ask(ctx, request, note)
	return err
}

// ask runs the program once.
func (i Installer) ask(ctx context.Context, request Request, note func(text string)) (missing []string, err error) {
	path := i.Program
	if path == "" {
		if path, err = daemon.Program(program, Variable); err != nil {
			return nil, err
		}
	}
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = i.Env
	cmd.WaitDelay = endGrace
	var complaints strings.Builder
	cmd.Stderr = &complaints
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	defer stdin.Close()                                //nolint:errcheck // closing is the message
	cmd.Cancel = func() error { return stdin.Close() } // and the program has endGrace to say what it waited for
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	sent := json.NewEncoder(stdin).Encode(request)
	result, err := listen(stdout, note)
	ended := cmd.Wait()
	switch {
	case err == nil && result.Failure != nil:
		return nil, result.Failure.err(ctx)
	case err == nil:
		return result.Missing, nil
	}
	return nil, fmt.Errorf("%s ended without an answer: %w: %s", program, errors.Join(ctx.Err(), sent, ended, err), complaints.String())
}

// listen passes notes on until the result comes.
func listen(stdout io.Reader, note func(text string)) (answer, error) {
	lines := json.NewDecoder(bufio.NewReader(stdout))
	for {
		var a answer
		if err := lines.Decode(&a); err != nil {
			return answer{}, err
		}
		if a.Done {
			return a, nil
		}
		note(a.Note)
	}
}
