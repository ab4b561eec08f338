package phase

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// Cloud is what an operation does in the cloud itself, where no controller does it. The zero value is nothing.
type Cloud struct {
	Name string // of the infrastructure, for previews
	// Before lists what is to be done before the Cluster is applied.
	Before []providers.Task
	// Remaining lists what is still to be done once the control plane is up; may be nil.
	Remaining func(ctx context.Context) ([]providers.Task, error)
}

// remainingRounds is how often what remains is done and asked for again: one task may bring another to light.
const remainingRounds = 3

// prepareCloud does what the cloud needs before the Cluster is applied.
type prepareCloud struct{ cloud Cloud }

func (prepareCloud) Name() string { return "cloud prepared" }

func (p prepareCloud) Check(context.Context) ([]Change, error) {
	return tasksAsChanges(p.cloud.Name, p.cloud.Before), nil
}

func (p prepareCloud) Apply(ctx context.Context, note func(string)) error {
	return doTasks(ctx, p.cloud.Before, note)
}

// completeCloud does what a cluster whose control plane is up still needs of its cloud. Before that it knows of nothing.
type completeCloud struct {
	client *kube.Client
	key    kube.Key
	cloud  Cloud
}

func (completeCloud) Name() string { return "cloud completed" }

func (completeCloud) rare() {}

func (p completeCloud) Check(ctx context.Context) ([]Change, error) {
	cluster, err := p.client.Cluster(ctx, p.key)
	if uerr.ExitCode(err) == uerr.NotFound {
		return nil, nil
	}
	if err != nil || !kube.ControlPlaneReady(cluster) {
		return nil, err
	}
	tasks, err := p.cloud.Remaining(ctx)
	return tasksAsChanges(p.cloud.Name, tasks), err
}

func (p completeCloud) Apply(ctx context.Context, note func(string)) error {
	for round := 0; ; round++ {
		tasks, err := p.cloud.Remaining(ctx)
		if err != nil || len(tasks) == 0 {
			return err
		}
		if round == remainingRounds {
			return remainsError(p.cloud.Name, tasks)
		}
		if err := doTasks(ctx, tasks, note); err != nil {
			return err
		}
	}
}

func tasksAsChanges(cloud string, tasks []providers.Task) []Change {
	var out []Change
	for _, task := range tasks {
		out = append(out, Change{Object: cloud, To: task.What})
	}
	return out
}

func doTasks(ctx context.Context, tasks []providers.Task, note func(string)) error {
	for _, task := range tasks {
		note(task.What)
		if err := task.Do(ctx); err != nil {
			return fmt.Errorf("%s: %w", task.What, err)
		}
	}
	return nil
}

func remainsError(cloud string, tasks []providers.Task) error {
	var what []string
	for _, task := range tasks {
		what = append(what, task.What)
	}
	return &uerr.Error{
		Code: uerr.Failure, What: "it was done, and is still missing", Object: cloud, Cause: errors.New(strings.Join(what, "; ")),
		Next: "look whether somebody takes it away; the same command goes on from here",
	}
}

// before and after are the phases of that work, none when there is none.
func (c Cloud) before() []Phase {
	if len(c.Before) == 0 {
		return nil
	}
	return []Phase{prepareCloud{cloud: c}}
}

func (c Cloud) after(client *kube.Client, key kube.Key) []Phase {
	if c.Remaining == nil {
		return nil
	}
	return []Phase{completeCloud{client: client, key: key, cloud: c}}
}
