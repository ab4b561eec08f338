package kube

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

func testNow() time.Time { return time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC) }

// runningCluster is one control plane and two workers, all there, made two hours ago.
func runningCluster() *clusterv1.Cluster {
	yes, one, two := true, int32(1), int32(2)
	since := metav1.NewTime(testNow().Add(-90 * time.Minute))
	return &clusterv1.Cluster{
		ObjectMeta: metav1.ObjectMeta{
			Name: "dev1", Namespace: "default", Generation: 3,
			CreationTimestamp: metav1.NewTime(testNow().Add(-2 * time.Hour)),
			Labels:            map[string]string{PlanLabel: "dev"},
		},
		Spec: clusterv1.ClusterSpec{Topology: clusterv1.Topology{
			Version:      "v1.36.3",
			ControlPlane: clusterv1.ControlPlaneTopology{Replicas: &one},
			Workers: clusterv1.WorkersTopology{MachineDeployments: []clusterv1.MachineDeploymentTopology{
				{Name: "md-0", Replicas: &one}, {Name: "md-1", Replicas: &one},
			}},
		}},
		Status: clusterv1.ClusterStatus{
			Phase:          string(clusterv1.ClusterPhaseProvisioned),
			Initialization: clusterv1.ClusterInitializationStatus{InfrastructureProvisioned: &yes, ControlPlaneInitialized: &yes},
			ControlPlane:   &clusterv1.ClusterControlPlaneStatus{DesiredReplicas: &one, Replicas: &one, ReadyReplicas: &one, UpToDateReplicas: &one},
			Workers:        &clusterv1.WorkersStatus{DesiredReplicas: &two, Replicas: &two, ReadyReplicas: &two, UpToDateReplicas: &two},
			Conditions: []metav1.Condition{
				{Type: "Available", Status: "True", LastTransitionTime: since},
				{Type: "TopologyReconciled", Status: "True", ObservedGeneration: 3, LastTransitionTime: since},
			},
		},
	}
}

func TestStatusWords(t *testing.T) {
	no := false
	ago := func(d time.Duration) metav1.Time { return metav1.NewTime(testNow().Add(-d)) }
	young := func(c *clusterv1.Cluster) {
		c.CreationTimestamp = ago(5 * time.Minute)
		c.Status.Initialization.ControlPlaneInitialized = &no
		for i := range c.Status.Conditions {
			c.Status.Conditions[i].Status, c.Status.Conditions[i].LastTransitionTime = "False", ago(time.Minute)
		}
	}
	lacksWorker := func(c *clusterv1.Cluster) {
		one := int32(1)
		c.Status.Workers.ReadyReplicas = &one
		c.Status.Conditions[0].LastTransitionTime = ago(time.Minute)
	}
	cannotApply := func(c *clusterv1.Cluster) {
		c.Status.Conditions[1] = metav1.Condition{Type: "TopologyReconciled", Status: "False", Reason: "ReconcileFailed", LastTransitionTime: ago(5 * time.Minute)}
	}
	tests := map[string]struct {
		change []func(*clusterv1.Cluster)
		want   Status
	}{
		"all there": {want: Running},
		"deleting": {want: Deleting, change: []func(*clusterv1.Cluster){func(c *clusterv1.Cluster) {
			at := ago(time.Second)
			c.DeletionTimestamp = &at
		}}},
		"no status at all": {want: Creating, change: []func(*clusterv1.Cluster){func(c *clusterv1.Cluster) {
			c.Status, c.CreationTimestamp = clusterv1.ClusterStatus{}, ago(time.Second)
		}}},
		"control plane not up yet":       {change: []func(*clusterv1.Cluster){young}, want: Creating},
		"create stuck":                   {change: []func(*clusterv1.Cluster){young, func(c *clusterv1.Cluster) { age(c, 16*time.Minute) }}, want: CreateStalled},
		"create refused by the topology": {change: []func(*clusterv1.Cluster){young, cannotApply}, want: Failed},
		"class a moment behind": {change: []func(*clusterv1.Cluster){young, cannotApply, func(c *clusterv1.Cluster) {
			c.Status.Conditions[1].LastTransitionTime = ago(10 * time.Second)
		}}, want: Creating},
		"first workers joining": {change: []func(*clusterv1.Cluster){lacksWorker, func(c *clusterv1.Cluster) {
			c.CreationTimestamp = ago(10 * time.Minute)
			c.Annotations = map[string]string{OperationAnnotation: OperationCreate}
		}}, want: Creating},
		"a worker lost long after the create": {change: []func(*clusterv1.Cluster){lacksWorker, func(c *clusterv1.Cluster) {
			c.Annotations = map[string]string{OperationAnnotation: OperationCreate}
		}}, want: Updating},
		"scaled soon after the create": {change: []func(*clusterv1.Cluster){lacksWorker, func(c *clusterv1.Cluster) {
			c.CreationTimestamp = ago(10 * time.Minute)
			c.Annotations = map[string]string{OperationAnnotation: OperationUpdate}
		}}, want: Updating},
		"just scaled, status still the old one": {change: []func(*clusterv1.Cluster){func(c *clusterv1.Cluster) {
			four := int32(4)
			c.Spec.Topology.Workers.MachineDeployments[0].Replicas = &four
			c.Status.Conditions[0].LastTransitionTime = ago(time.Minute)
		}}, want: Updating},
		"a machine more than asked for, going": {change: []func(*clusterv1.Cluster){func(c *clusterv1.Cluster) {
			three := int32(3)
			c.Status.Workers.Replicas = &three
			c.Status.Conditions[0].LastTransitionTime = ago(time.Minute)
		}}, want: Updating},
		"topology not at the new generation": {change: []func(*clusterv1.Cluster){func(c *clusterv1.Cluster) {
			c.Generation = 4
			c.Status.Conditions[0].LastTransitionTime = ago(time.Minute)
		}}, want: Updating},
		"update stuck":                   {change: []func(*clusterv1.Cluster){lacksWorker, func(c *clusterv1.Cluster) { age(c, 20*time.Minute) }}, want: UpdateStalled},
		"update refused by the topology": {change: []func(*clusterv1.Cluster){cannotApply}, want: UpdateFailed},
		"not available": {change: []func(*clusterv1.Cluster){func(c *clusterv1.Cluster) {
			c.Status.Conditions[0].Status, c.Status.Conditions[0].LastTransitionTime = "False", ago(time.Minute)
		}}, want: Updating},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cluster := runningCluster()
			for _, change := range tt.change {
				change(cluster)
			}
			if got := StatusOf(cluster, testNow()); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// age makes everything about a cluster happen that long ago.
func age(c *clusterv1.Cluster, d time.Duration) {
	at := metav1.NewTime(testNow().Add(-d))
	c.CreationTimestamp = at
	for i := range c.Status.Conditions {
		c.Status.Conditions[i].LastTransitionTime = at
	}
}

func TestSummarise(t *testing.T) {
	cluster := runningCluster()
	cluster.Labels[RoleLabelPrefix+"management"] = ""
	want := ClusterSummary{
		Name: "dev1", Namespace: "default", Status: Running, ControlPlane: "1/1", Workers: "2/2",
		Kubernetes: "v1.36.3", Roles: []string{"management"}, Plan: "dev", Created: testNow().Add(-2 * time.Hour),
	}
	if diff := cmp.Diff(want, Summarise(cluster, testNow())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	cluster.Spec.Topology.ControlPlane.Replicas, cluster.Status.ControlPlane = nil, nil
	if got := Summarise(cluster, testNow()).ControlPlane; got != "managed" {
		t.Errorf("control plane of the cloud's own shows %q", got)
	}
}

func TestControlPlaneAt(t *testing.T) {
	at := func(versions ...string) func(*clusterv1.Cluster) {
		return func(c *clusterv1.Cluster) {
			for _, v := range versions {
				c.Status.ControlPlane.Versions = append(c.Status.ControlPlane.Versions, clusterv1.StatusVersion{Version: v})
			}
		}
	}
	managed := func(c *clusterv1.Cluster) {
		at("v1.36.9")(c)
		c.Spec.Topology.ControlPlane.Replicas, c.Status.ControlPlane.DesiredReplicas = nil, nil
	}
	for name, tt := range map[string]struct {
		change func(*clusterv1.Cluster)
		want   bool
	}{
		"all there":                        {at("v1.36.3"), true},
		"one of them older":                {at("v1.35.4", "v1.36.3"), false},
		"another patch level":              {at("v1.36.9"), false},
		"another one of a managed":         {managed, true},
		"not said, nothing to follow":      {at(), true},
		"not said, the change is not seen": {func(c *clusterv1.Cluster) { c.Generation++ }, false},
		"not said, being upgraded":         {func(c *clusterv1.Cluster) { c.Status.Conditions[1].Status = "False" }, false},
	} {
		cluster := runningCluster()
		tt.change(cluster)
		if got := ControlPlaneAt(cluster, "v1.36.3"); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
