package kube

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// Condition is one condition of an object, whichever version of the Cluster API contract it was written by.
type Condition struct {
	Type     string    `json:"type"`
	Status   string    `json:"status"` // True, False or Unknown
	Reason   string    `json:"reason,omitempty"`
	Message  string    `json:"message,omitempty"`
	Severity string    `json:"severity,omitempty"` // contract v1beta1 only
	Detail   string    `json:"detail,omitempty"`   // in place of a message: what the same object's older conditions say
	Since    time.Time `json:"since,omitzero"`

	alone bool // the object has no other condition, so that Ready sums up nothing
}

// String is "Type: message", with the detail or else the reason where there is no message. Messages are put on one line.
func (c Condition) String() string {
	if said := c.said(); said != "" {
		return c.Type + ": " + said
	}
	return c.Type + " is " + c.Status
}

func (c Condition) said() string {
	text := cmp.Or(c.Message, c.Detail)
	if answer := refusedRequest.FindStringSubmatch(text); answer != nil {
		return answer[1] + ": " + answer[2]
	}
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
	return cmp.Or(strings.Join(lines, " "), c.Reason)
}

// refusedRequest finds code and message in a whole HTTP exchange, as the Azure SDK's ResponseError prints it.
var refusedRequest = regexp.MustCompile(`(?s)RESPONSE \d+: .*ERROR CODE: (\S+).*"message": "((?:[^"\\]|\\.)*)"`)

// conditionsOf reads an object's conditions: status.v1beta2.conditions where a provider of the older contract offers
// them, because they say more, and status.conditions otherwise. What the newer leave unsaid the older may tell: CAPV's
// VirtualMachineProvisioned is NotProvisioned without a message, while its older Ready is WaitingForIPAllocation.
func conditionsOf(object *unstructured.Unstructured) []Condition {
	older := conditionsAt(object, "status", "conditions")
	newer := conditionsAt(object, "status", "v1beta2", "conditions")
	if len(newer) == 0 {
		return older
	}
	detail := ""
	for _, c := range older {
		if c.Type == clusterv1.ReadyCondition && c.Status == "False" {
			detail = cmp.Or(c.Message, c.Reason)
		}
	}
	for i, c := range newer {
		if c.Status == "False" && c.Message == "" && weigh(c) != notBlocking {
			newer[i].Detail = detail
		}
	}
	return newer
}

func conditionsAt(object *unstructured.Unstructured, path ...string) []Condition {
	items, _, _ := unstructured.NestedSlice(object.Object, path...) // what is no list has no conditions
	var out []Condition
	for _, item := range items {
		if fields, ok := item.(map[string]any); ok {
			out = append(out, conditionFrom(fields))
		}
	}
	return out
}

func conditionFrom(fields map[string]any) Condition {
	text := func(key string) string {
		s, _ := fields[key].(string)
		return s
	}
	since, _ := time.Parse(time.RFC3339, text("lastTransitionTime"))
	return Condition{
		Type: text("type"), Status: text("status"), Reason: text("reason"),
		Message: text("message"), Severity: text("severity"), Since: since,
	}
}

// isTrue says whether a condition is there, True, and speaks of the object's present generation.
func isTrue(conditions []metav1.Condition, conditionType string, generation int64) bool {
	for _, c := range conditions {
		if c.Type == conditionType {
			return c.Status == metav1.ConditionTrue && (c.ObservedGeneration == 0 || c.ObservedGeneration >= generation)
		}
	}
	return false
}

// The weights of a condition as the answer to "what blocks?". A cause outweighs its consequences.
const (
	notBlocking = iota
	unknown     // nobody has said anything yet
	consequence // sums up, or waits for, something else that is in the tree
	waiting     // waits for something named in the reason
	working     // false, and being worked on
	failing     // false, and the reason names an error; or paused
)

// weigh says how likely a condition is the cause of an object not being ready.
func weigh(c Condition) int {
	if c.Type == clusterv1.PausedCondition {
		return pick(c.Status == "True", failing, notBlocking)
	}
	if c.Type == clusterv1.DeletingCondition {
		return pick(c.Status == "True" && c.Message != "", working, notBlocking)
	}
	switch {
	case c.Status == "True" || informative(c.Type):
		return notBlocking
	case summarises(c.Type) && !c.alone || waitsForControlPlane(c) || c.Reason == clusterv1.DeletingReason:
		return consequence
	case c.Type == clusterv1.ClusterRemoteConnectionProbeCondition || isWaiting(c):
		return waiting
	case namesError(c):
		return failing
	case c.Status == "Unknown":
		return unknown
	}
	return working
}

func isWaiting(c Condition) bool {
	return strings.HasPrefix(c.Reason, "Waiting") || strings.HasPrefix(c.Message, "Waiting")
}

// waitsForControlPlane: while the first control plane machine comes up everything else says that it waits for it.
func waitsForControlPlane(c Condition) bool {
	return strings.Contains(c.Reason, "ControlPlaneInitialized") ||
		strings.Contains(strings.ToLower(c.Message), "control plane to be initialized")
}

func pick(yes bool, a, b int) int {
	if yes {
		return a
	}
	return b
}

// informative conditions are normally False, or tell of work that blocks nothing.
func informative(conditionType string) bool {
	return slices.Contains([]string{
		clusterv1.RollingOutCondition, clusterv1.ScalingUpCondition, clusterv1.ScalingDownCondition,
		clusterv1.RemediatingCondition, clusterv1.MachineUpdatingCondition, clusterv1.MachineUpToDateCondition,
		clusterv1.MachinesUpToDateCondition, clusterv1.ClusterControlPlaneMachinesUpToDateCondition,
		clusterv1.ClusterWorkerMachinesUpToDateCondition, "RemediationAllowed", "ExternallyRemediated", "OwnerRemediated",
	}, conditionType)
}

// summarises names the conditions that are made of other objects' conditions, or only follow from them.
func summarises(conditionType string) bool {
	return slices.Contains([]string{
		clusterv1.AvailableCondition, clusterv1.ReadyCondition,
		clusterv1.ClusterControlPlaneAvailableCondition, clusterv1.ClusterWorkersAvailableCondition,
		clusterv1.ClusterControlPlaneInitializedCondition, "Initialized",
		clusterv1.InfrastructureReadyCondition, clusterv1.BootstrapConfigReadyCondition,
		clusterv1.ClusterControlPlaneMachinesReadyCondition, clusterv1.ClusterWorkerMachinesReadyCondition,
		clusterv1.MachinesReadyCondition,
		"EtcdClusterHealthy", "ControlPlaneComponentsHealthy",
	}, conditionType)
}

func namesError(c Condition) bool {
	if c.Severity == "Error" {
		return true
	}
	for _, word := range []string{"Fail", "Error", "NotFound", "DoesNotExist", "Unreachable", "Invalid", "Incompatible", "Misconfigured", "InUse"} {
		if strings.Contains(c.Reason, word) {
			return true
		}
	}
	return false
}
