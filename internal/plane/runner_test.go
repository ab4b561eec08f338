package plane_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/slipway-sh/slipway/internal/daemon"
	"github.com/slipway-sh/slipway/internal/plane/planetest"
	"github.com/slipway-sh/slipway/internal/planectl"
)

func installManager(t *testing.T, repository string) {
	t.Helper()
	if err := planetest.InstallManager(repository, "infrastructure-fake", "v1.2.3"); err != nil {
		t.Fatal(err)
	}
}

// runnerPlane is one plane for the tests of the runner, which each use a namespace.
func runnerPlane(t *testing.T) (*planetest.Plane, client.Client) {
	t.Helper()
	p := shared.Plane(t)
	if _, err := os.Lstat(filepath.Join(p.Repository, "infrastructure-fake")); os.IsNotExist(err) {
		installManager(t, p.Repository)
	}
	return p, newClient(t, p)
}

func awaitAvailable(t *testing.T, c client.Client, ns, name string) {
	t.Helper()
	eventually(t, "Deployment "+name+" becomes Available", func() (bool, string) {
		d := &appsv1.Deployment{}
		if err := c.Get(t.Context(), types.NamespacedName{Namespace: ns, Name: name}, d); err != nil {
			return false, err.Error()
		}
		status, said := available(d)
		return status == corev1.ConditionTrue && d.Status.ReadyReplicas == 1 && d.Status.ObservedGeneration == d.Generation, said
	})
}

func available(d *appsv1.Deployment) (corev1.ConditionStatus, string) {
	for _, condition := range d.Status.Conditions {
		if condition.Type == appsv1.DeploymentAvailable {
			return condition.Status, condition.Message
		}
	}
	return corev1.ConditionUnknown, "no condition"
}

// controller finds the child of a namespace in the plane's published state.
func controller(t *testing.T, p *planetest.Plane, ns string) planectl.Controller {
	t.Helper()
	state, err := p.Status()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range state.Controllers {
		if c.Namespace == ns {
			return c
		}
	}
	return planectl.Controller{}
}

func TestControllerRunsWithItsOwnRightsArgumentsAndFiles(t *testing.T) {
	p, c := runnerPlane(t)
	ns := p.Namespace(t)
	create(t, c, ns, "controller.yaml")
	awaitAvailable(t, c, ns, "fake")
	var log bytes.Buffer
	if err := p.Logs(context.Background(), &log, "fake", false); err != nil {
		t.Fatal(err)
	}
	text := log.String()
	for _, want := range []string{
		"whoami system:serviceaccount:" + ns + ":fake-manager system:serviceaccounts system:serviceaccounts:" + ns,
		"--leader-elect=false",
		"--health-addr=127.0.0.1:",
		"POD_NAMESPACE=" + ns,
		"GREETING=hello from " + ns,
		"PASSWORD=xyzzy",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the log has no %q:\n%s", want, text)
		}
	}
	for _, flag := range []string{"--webhook-cert-dir=", "--config="} {
		_, rest, found := strings.Cut(text, flag+p.Dir)
		path, _, _ := strings.Cut(rest, " ")
		path, _, _ = strings.Cut(path, "\n")
		info, err := os.Stat(p.Dir + path)
		if !found || err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s does not name a private file of the plane: %s %v", flag, path, err)
		}
	}
}

func TestWebhooksAndConversionReachTheController(t *testing.T) {
	p, c := runnerPlane(t)
	ns := p.Namespace(t)
	create(t, c, ns, "controller.yaml")
	create(t, c, ns, "webhooks.yaml")
	awaitAvailable(t, c, ns, "fake")

	awaitTouched(t, c, ns)

	old := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"old": "value"}}}
	old.SetGroupVersionKind(schema.GroupVersionKind{Group: "convert.planetest.slipway.sh", Version: "v1alpha1", Kind: "Thing"})
	old.SetNamespace(ns)
	old.SetName("converted")
	eventually(t, "the old version is accepted", func() (bool, string) {
		err := c.Create(t.Context(), old.DeepCopy())
		return err == nil, errText(err)
	})
	converted := &unstructured.Unstructured{}
	converted.SetGroupVersionKind(schema.GroupVersionKind{Group: "convert.planetest.slipway.sh", Version: "v1", Kind: "Thing"})
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(old), converted); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := unstructured.NestedString(converted.Object, "spec", "new"); got != "value" {
		t.Errorf("spec.new of the new version is %q", got)
	}
}

// awaitTouched creates an object that the mutating webhook is asked about.
func awaitTouched(t *testing.T, c client.Client, ns string) {
	t.Helper()
	object := configMap(ns, "plain")
	object.Labels = map[string]string{"touch": ns}
	eventually(t, "the webhook is called", func() (bool, string) {
		o := object.DeepCopy()
		o.ResourceVersion = ""
		if err := c.Create(t.Context(), o, client.DryRunAll); err != nil {
			return false, err.Error()
		}
		return o.Annotations[planetest.Touched] == "yes", "created without the annotation"
	})
}

func TestControllerThatEndsIsStartedAgain(t *testing.T) {
	p, c := runnerPlane(t)
	ns := p.Namespace(t)
	create(t, c, ns, "controller.yaml")
	awaitAvailable(t, c, ns, "fake")
	var first planectl.Controller
	eventually(t, "the state shows it", func() (bool, string) {
		first = controller(t, p, ns)
		return first.Ready && first.RSSBytes > 0, first.Message
	})
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another one runs", func() (bool, string) {
		now := controller(t, p, ns)
		return now.Ready && now.PID != first.PID && now.Restarts == 1, now.Message
	})
	awaitAvailable(t, c, ns, "fake")
}

func TestControllerThatFailsTellsWhyInTheDeployment(t *testing.T) {
	p, c := runnerPlane(t)
	ns := p.Namespace(t)
	create(t, c, ns, "controller_failing.yaml")
	eventually(t, "the Deployment says why, after a second try", func() (bool, string) {
		d := &appsv1.Deployment{}
		if err := c.Get(t.Context(), types.NamespacedName{Namespace: ns, Name: "failing"}, d); err != nil {
			return false, err.Error()
		}
		status, said := available(d)
		return status == corev1.ConditionFalse && strings.Contains(said, "exit status 3") && strings.Contains(said, "told to fail") && controller(t, p, ns).Restarts > 0, said
	})
}

func TestControllerFollowsItsSecretItsReplicasAndItsDeletion(t *testing.T) {
	p, c := runnerPlane(t)
	ns := p.Namespace(t)
	create(t, c, ns, "controller.yaml")
	awaitAvailable(t, c, ns, "fake")
	eventually(t, "the state shows it", func() (bool, string) { return controller(t, p, ns).PID != 0, "" })
	first := controller(t, p, ns).PID

	secret := &corev1.Secret{}
	key := types.NamespacedName{Namespace: ns, Name: "settings"}
	if err := c.Get(t.Context(), key, secret); err != nil {
		t.Fatal(err)
	}
	secret.StringData = map[string]string{"password": "changed"}
	if err := c.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	var second int
	eventually(t, "a changed Secret starts it anew", func() (bool, string) {
		second = controller(t, p, ns).PID
		return second != 0 && second != first && !daemon.Alive(first), ""
	})

	d := &appsv1.Deployment{}
	for _, replicas := range []int32{0, 1} {
		if err := c.Get(t.Context(), types.NamespacedName{Namespace: ns, Name: "fake"}, d); err != nil {
			t.Fatal(err)
		}
		before := d.DeepCopy()
		d.Spec.Replicas = &replicas
		if err := c.Patch(t.Context(), d, client.MergeFrom(before)); err != nil { // the plane writes its status meanwhile
			t.Fatal(err)
		}
		if replicas == 0 {
			eventually(t, "no replicas end it", func() (bool, string) { return !daemon.Alive(second), "it runs" })
		}
	}
	awaitAvailable(t, c, ns, "fake")
	eventually(t, "it runs again", func() (bool, string) { return controller(t, p, ns).PID != 0, "" })
	third := controller(t, p, ns).PID
	if err := c.Delete(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	eventually(t, "deletion ends it", func() (bool, string) { return !daemon.Alive(third), "it runs" })
}

func TestDeploymentsThatAreNotProvidersAreToldSo(t *testing.T) {
	p, c := runnerPlane(t)
	ns := p.Namespace(t)
	create(t, c, ns, "not_run.yaml")
	for name, want := range map[string]string{
		"web":     "runs Cluster API providers' controllers only",
		"missing": "no program for example.org/missing:v9",
	} {
		eventually(t, name+" is told why it does not run", func() (bool, string) {
			d := &appsv1.Deployment{}
			if err := c.Get(t.Context(), types.NamespacedName{Namespace: ns, Name: name}, d); err != nil {
				return false, err.Error()
			}
			status, said := available(d)
			return status == corev1.ConditionFalse && strings.Contains(said, want), said
		})
	}
}
