package cli

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/audit"
	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/fleet"
	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/secret"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/spf13/cobra"
)

// noteWithin is what the note of a command in its management cluster may take.
const noteWithin = 5 * time.Second

// trail is what the record of a command needs to know of it. Management, clusterKey and others fill it in on their way.
type trail struct {
	begun      time.Time
	management string
	client     *kube.Client
	cluster    kube.Key
	secrets    []secret.String // that the configuration holds
}

// readOnly are the commands that change nothing that anybody would ask about later, with all below them. A command that
// is not named here is recorded.
func readOnly() []string {
	return []string{
		"__complete", "__completeNoDesc", "completion", "config cluster", "config schema", "config view", "describe", "diff", "get", "help",
		"management-cluster logs", "management-cluster status", "rehearse", "version",
	}
}

// changes says whether a command is one to record.
func changes(cmd *cobra.Command) bool {
	_, path, below := strings.Cut(cmd.CommandPath(), " ")
	if !below || cmd.HasSubCommands() {
		return false
	}
	if slices.ContainsFunc(readOnly(), func(known string) bool { return path == known || strings.HasPrefix(path, known+" ") }) {
		return false
	}
	if cmd.Flag("delete") != nil {
		return cmd.Flag("delete").Changed // leftovers lists without it
	}
	dry := cmd.Flag("dry-run")
	return dry == nil || dry.Value.String() != "true"
}

// record writes down that a command was run and how it ended, in the home folder and on the Cluster it was about. That
// neither can be written is a warning: the command has done its work.
func (d *Deps) record(ctx context.Context, cmd *cobra.Command, code uerr.Code, err error) {
	if !d.started || !changes(cmd) {
		return
	}
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	d.recordOne(ctx, d.trail, work{verb: path, code: code, err: err})
}

// recordCluster is record for one cluster of several that a command is about.
func (d *Deps) recordCluster(ctx context.Context, client *kube.Client, begun time.Time, r *fleet.Result) {
	t := d.trail
	t.begun, t.management, t.client, t.cluster = begun, r.Item.Management, client, r.Item.Key()
	w := work{verb: "apply", action: string(r.Item.Action), err: r.Err, code: exitCode(r.Err)}
	if r.Status == fleet.Skipped && r.Err == nil {
		return // nothing was done about it
	}
	d.recordOne(ctx, t, w)
}

// work is what was done and how it ended.
type work struct {
	verb   string // "set nodepool"
	action string // what it was about one cluster of several: "create"
	code   uerr.Code
	err    error
}

// recordBegun writes down that a command goes to work on many clusters: one that is killed writes nothing else.
func (d *Deps) recordBegun() {
	e := d.entry(d.trail, work{})
	e.Result = audit.Begun
	d.keep(e)
}

func (d *Deps) keep(e audit.Entry) {
	if err := (audit.Log{Home: d.home()}).Append(e); err != nil {
		d.View.Warn("the command is not in the audit log: %v", err)
	}
}

// inSeconds is how long something took, for a machine to read.
func inSeconds(d time.Duration) float64 { return d.Truncate(time.Millisecond).Seconds() }

func (d *Deps) entry(t trail, w work) audit.Entry {
	now, who := d.Now(), holder("")
	e := audit.Entry{
		Time: now.UTC().Truncate(time.Millisecond), User: who.User, Host: who.Host, PID: who.PID,
		Command: secret.Scrub(d.commandLine(), t.secrets...), Action: w.action, Management: t.management,
		Result: resultOf(w.code), ExitCode: int(w.code), Seconds: inSeconds(now.Sub(t.begun)),
	}
	if t.cluster.Name != "" {
		e.Cluster = secret.Scrub(t.cluster.String(), t.secrets...)
	}
	if w.err != nil {
		e.Error, _, _ = strings.Cut(secret.Scrub(w.err.Error(), t.secrets...), "\n")
	}
	return e
}

func (d *Deps) recordOne(ctx context.Context, t trail, w work) {
	e := d.entry(t, w)
	d.keep(e)
	if t.client == nil || t.cluster.Name == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	if err := t.client.Note(ctx, t.cluster, eventOf(e, w)); err != nil {
		d.View.Warn("the command is not noted on %s: %v", kube.ClusterName(t.cluster), err)
	}
}

func resultOf(code uerr.Code) audit.Result {
	switch code {
	case uerr.OK:
		return audit.OK
	case uerr.Cancelled:
		return audit.Cancelled
	case uerr.TimedOut:
		return audit.TimedOut
	}
	return audit.Failed
}

// eventOf says the same as a line of the file, in the words of Kubernetes' events.
func eventOf(e audit.Entry, w work) kube.Event {
	reason := "Slipway"
	for word := range strings.FieldsSeq(w.verb) {
		if word != "cluster" {
			reason += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	text := fmt.Sprintf("%s@%s: %s: %s", e.User, e.Host, e.Command, e.Result)
	if e.Error != "" {
		text += ": " + e.Error
	}
	deleted := strings.HasPrefix(w.verb, "delete") || w.action == string(fleet.Delete)
	return kube.Event{Reason: reason, Message: text, Warning: e.Result != audit.OK, Host: e.Host, Gone: deleted && e.Result == audit.OK}
}

// knowSecrets remembers what must not be written down.
func (t *trail) knowSecrets(cfg *config.Config) {
	for _, v := range cfg.Variables() {
		if s := cfg.Secret(v.Name); v.Secret && !s.Empty() {
			t.secrets = append(t.secrets, s)
		}
	}
}

// holder says who this process is to somebody who finds a cluster locked. The command holds no secret: no flag takes
// one.
func holder(command string) kube.Holder {
	host, _ := os.Hostname() // only told to people
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return kube.Holder{User: name, Host: host, PID: os.Getpid(), Command: command}
}
