package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// launch is everything that decides how a child runs, except its ports, which are new at each start.
type launch struct {
	key               types.NamespacedName
	account           string // service account
	provider, version string
	program           string
	args              []string // the Deployment's, made local, without the plane's own
	flags             flags
	env               []string
	files             []file // under folder, written at each start
	folder            string
	labels            map[string]string
	ports             []corev1.ContainerPort
	ready, live       string // paths of the probes; empty when the container has none
	grace             time.Duration
	hash              string
}

// blockedError is why a Deployment cannot be run now: for its status, not for the log.
type blockedError struct {
	reason, message string
	again           time.Duration // when to look again, if no watch will tell
}

func (e *blockedError) Error() string { return e.message }

const defaultGrace = 10 * time.Second

// plan works out the launch that a Deployment asks for.
func (r *Runner) plan(ctx context.Context, d *appsv1.Deployment) (*launch, error) {
	label := d.Labels[ProviderLabel]
	if label == "" {
		return nil, &blockedError{reason: "NotAProvider", message: "this plane runs Cluster API providers' controllers only: the Deployment has no label " + ProviderLabel}
	}
	pod := d.Spec.Template.Spec
	container := managerOf(pod)
	program, version, err := r.programs.find(label, container.Image)
	if err != nil {
		return nil, &blockedError{reason: "NoProgram", message: err.Error(), again: lookAgain}
	}
	l := &launch{
		key:      types.NamespacedName{Namespace: d.Namespace, Name: d.Name},
		account:  accountOf(pod),
		provider: label, version: version, program: program,
		folder: filepath.Join(r.options.Dir, "run", d.Namespace+"_"+d.Name),
		labels: d.Spec.Template.Labels,
		ports:  container.Ports,
		ready:  probePath(container.ReadinessProbe), live: probePath(container.LivenessProbe),
		grace: defaultGrace,
	}
	if s := pod.TerminationGracePeriodSeconds; s != nil {
		l.grace = min(l.grace, time.Duration(*s)*time.Second)
	}
	if l.flags, err = r.programs.flags(ctx, program); err != nil {
		return nil, &blockedError{reason: "NoProgram", message: err.Error(), again: lookAgain}
	}
	mounts, err := r.volumes(ctx, l, pod, container)
	if err != nil {
		return nil, err
	}
	vars, err := r.variables(ctx, d, container)
	if err != nil {
		return nil, err
	}
	l.env = r.environment(l, mounts.localiseAll(vars))
	l.args = mounts.localise(expandAll(slices.Concat(tailOf(container.Command), container.Args), vars), l.flags)
	l.hash, err = l.fingerprint(d.Spec.Template)
	return l, err
}

// managerOf picks the container that is the controller; others, such as an authenticating proxy, are not run.
func managerOf(pod corev1.PodSpec) corev1.Container {
	for _, c := range pod.Containers {
		if c.Name == "manager" {
			return c
		}
	}
	return pod.Containers[0]
}

func accountOf(pod corev1.PodSpec) string {
	if pod.ServiceAccountName == "" {
		return "default"
	}
	return pod.ServiceAccountName
}

func probePath(p *corev1.Probe) string {
	if p == nil || p.HTTPGet == nil {
		return ""
	}
	return "/" + strings.TrimPrefix(p.HTTPGet.Path, "/")
}

func tailOf(command []string) []string {
	if len(command) == 0 {
		return nil
	}
	return command[1:]
}

// fingerprint changes with the pod's template, the program and everything that was read from Secrets and ConfigMaps.
func (l *launch) fingerprint(template corev1.PodTemplateSpec) (string, error) {
	h := sha256.New()
	err := json.NewEncoder(h).Encode(struct {
		Template corev1.PodTemplateSpec
		Program  string
		Flags    flags
		Args     []string
		Env      []string
	}{template, l.program, l.flags, l.args, l.env})
	if err != nil {
		return "", err
	}
	for _, f := range l.files {
		h.Write(fmt.Appendf(nil, "%s %d\n", f.path, len(f.data)))
		h.Write(f.data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// commandLine adds what the plane decides, as far as the program accepts it.
func (l *launch) commandLine(ports [purposes]int) []string {
	local := func(p purpose) string { return fmt.Sprintf("127.0.0.1:%d", ports[p]) }
	own := []struct{ name, value string }{
		{"webhook-port", fmt.Sprint(ports[webhook])},
		{"health-addr", local(health)},
		{"health-probe-bind-address", local(health)},
		{"diagnostics-address", local(metrics)},
		{"metrics-bind-addr", local(metrics)},
		{"metrics-bind-address", local(metrics)},
		{"metrics-addr", local(metrics)},
		{"leader-elect", "false"}, // one process and no other: an election would only delay it
		{"enable-leader-election", "false"},
		{"crd-management", "none"}, // Azure Service Operator's: its definitions came with the components, its image's files did not
	}
	args := l.args
	for _, flag := range own {
		if l.flags.accepts(flag.name) {
			args = append(without(args, flag.name), "--"+flag.name+"="+flag.value)
		}
	}
	return args
}

// without drops a flag in any of its spellings. Only "--flag value" needs the next argument dropped as well.
func without(args []string, name string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		flag := strings.TrimLeft(args[i], "-")
		if flag == args[i] || flag != name && !strings.HasPrefix(flag, name+"=") {
			out = append(out, args[i])
			continue
		}
		if flag == name && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			i++
		}
	}
	return out
}
