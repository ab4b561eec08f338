package render_test

import (
	"os/exec"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	bootstrapv1 "sigs.k8s.io/cluster-api/api/bootstrap/kubeadm/v1beta2"
	controlplanev1 "sigs.k8s.io/cluster-api/api/controlplane/kubeadm/v1beta2"
	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/internal/render"
)

// filesOf gives the files of a control plane machine of a cluster, by path.
func filesOf(t *testing.T, in render.Input) map[string]bootstrapv1.File {
	t.Helper()
	files := map[string]bootstrapv1.File{}
	for _, object := range patch(t, rendered(t, in)) {
		if object.GetKind() != "KubeadmControlPlaneTemplate" {
			continue
		}
		template := &controlplanev1.KubeadmControlPlaneTemplate{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, template); err != nil {
			t.Fatal(err)
		}
		for _, f := range template.Spec.Template.Spec.KubeadmConfigSpec.Files {
			files[f.Path] = f
		}
	}
	return files
}

func TestScriptsAreShellAndHoldNothingThatCloudInitFillsIn(t *testing.T) {
	t.Run("vSphere", func(t *testing.T) { scriptsAreShell(t, prod(t), 3) })
	t.Run("AWS", func(t *testing.T) { scriptsAreShell(t, awsProd(t), 2) })
	t.Run("Azure", func(t *testing.T) { scriptsAreShell(t, azureProd(t), 2) })
}

func scriptsAreShell(t *testing.T, in render.Input, want int) {
	scripts := 0
	for path, file := range filesOf(t, in) {
		for _, mark := range []string{"{{", "{%", "{#"} {
			if strings.Contains(file.Content, mark) {
				t.Errorf("%s holds %s, which cloud-init takes for its own", path, mark)
			}
		}
		if !strings.HasSuffix(path, ".sh") {
			continue
		}
		scripts++
		check := exec.CommandContext(t.Context(), "sh", "-n")
		check.Stdin = strings.NewReader(file.Content)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
	if scripts != want {
		t.Errorf("%d scripts, not %d", scripts, want)
	}
}

func TestFirstMachineGetsTheOtherKubeconfigForKubeVip(t *testing.T) {
	files := filesOf(t, prod(t))
	manifest := files["/etc/kubernetes/manifests/kube-vip.yaml"].Content
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict([]byte(manifest), pod); err != nil {
		t.Fatal(err)
	}
	script := files["/etc/slipway/prepare.d/30-kube-vip.sh"].Content
	_, expression, found := strings.Cut(script, "sed -i '")
	expression, _, closed := strings.Cut(expression, "'")
	if !found || !closed {
		t.Fatalf("no sed in\n%s", script)
	}
	edit := exec.CommandContext(t.Context(), "sed", expression)
	edit.Stdin = strings.NewReader(manifest)
	out, err := edit.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(out, pod); err != nil {
		t.Fatal(err)
	}
	if got := pod.Spec.Volumes[0].HostPath.Path; got != "/etc/kubernetes/super-admin.conf" {
		t.Errorf("the first machine mounts %s", got)
	}
	if got := pod.Spec.Containers[0].VolumeMounts[0].MountPath; got != "/etc/kubernetes/admin.conf" {
		t.Errorf("kube-vip looks for %s", got)
	}
}
