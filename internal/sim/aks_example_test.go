package sim

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"
)

// wantExampleThere wants the example for people to be a workload that this node takes and no other one.
func wantExampleThere(t *testing.T, nodes []corev1.Node, name string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "templates", "azure", "examples", "virtual-node.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var example appsv1.Deployment
	if err := yaml.UnmarshalStrict(raw, &example); err != nil {
		t.Fatal(err)
	}
	pod := example.Spec.Template.Spec
	var fits []string
	for _, n := range nodes {
		refused := slices.ContainsFunc(n.Spec.Taints, func(taint corev1.Taint) bool {
			return !slices.ContainsFunc(pod.Tolerations, func(o corev1.Toleration) bool { return o.ToleratesTaint(klog.Background(), &taint, false) })
		})
		if labels.SelectorFromSet(pod.NodeSelector).Matches(labels.Set(n.Labels)) && !refused {
			fits = append(fits, n.Name)
		}
	}
	if !slices.Equal(fits, []string{name}) {
		t.Errorf("the example fits on %v, want %s only", fits, name)
	}
}
