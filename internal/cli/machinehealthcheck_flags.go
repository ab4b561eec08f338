package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/uerr"
	corev1 "k8s.io/api/core/v1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
)

// TKG's defaults for a health check that is not there yet.
const (
	defaultNodeStartup = 20 * time.Minute
	defaultUnhealthy   = 5 * time.Minute
)

// healthFlags are the values of set machinehealthcheck as they were typed.
type healthFlags struct {
	matchLabels []string // key:value
	nodeStartup string   // a duration
	conditions  []string // Type:Status:duration
}

// healthChange is the same, understood.
type healthChange struct {
	labels      map[string]string
	nodeStartup *int32 // seconds
	conditions  []clusterv1.UnhealthyNodeCondition
}

// parse reports everything that is wrong with the flags at once.
func (f healthFlags) parse() (healthChange, error) {
	var c healthChange
	var findings uerr.Findings
	for _, text := range f.matchLabels {
		key, value, found := strings.Cut(text, ":")
		if !found {
			key, value, found = strings.Cut(text, "=")
		}
		if !found || strings.TrimSpace(key) == "" {
			findings = append(findings, uerr.Finding{
				Where: "--match-labels", Problem: fmt.Sprintf("%q is not key:value", text), Next: "--match-labels node-pool:workers",
			})
			continue
		}
		if c.labels == nil {
			c.labels = map[string]string{}
		}
		c.labels[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	if f.nodeStartup != "" {
		seconds, err := parseSeconds(f.nodeStartup)
		if err != nil {
			findings = append(findings, uerr.Finding{Where: "--node-startup-timeout", Problem: err.Error(), Next: "--node-startup-timeout 20m"})
		}
		c.nodeStartup = &seconds
	}
	for _, text := range f.conditions {
		condition, err := parseCondition(text)
		if err != nil {
			findings = append(findings, uerr.Finding{Where: "--unhealthy-conditions", Problem: err.Error(), Next: "--unhealthy-conditions Ready:False:5m,Ready:Unknown:5m"})
			continue
		}
		c.conditions = append(c.conditions, condition)
	}
	return c, findings.Err()
}

func parseSeconds(text string) (int32, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > 365*24*time.Hour {
		return 0, fmt.Errorf("%q is not a duration such as 5m", text)
	}
	return int32(d / time.Second), nil
}

func parseCondition(text string) (clusterv1.UnhealthyNodeCondition, error) {
	types := []string{
		string(corev1.NodeReady), string(corev1.NodeMemoryPressure), string(corev1.NodeDiskPressure),
		string(corev1.NodePIDPressure), string(corev1.NodeNetworkUnavailable),
	}
	statuses := []string{string(corev1.ConditionTrue), string(corev1.ConditionFalse), string(corev1.ConditionUnknown)}
	var none clusterv1.UnhealthyNodeCondition
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return none, fmt.Errorf("%q is not Type:Status:duration", text)
	}
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	if !slices.Contains(types, parts[0]) {
		return none, fmt.Errorf("%q: the condition of a node is one of %s", text, strings.Join(types, ", "))
	}
	if !slices.Contains(statuses, parts[1]) {
		return none, fmt.Errorf("%q: the status is one of %s", text, strings.Join(statuses, ", "))
	}
	seconds, err := parseSeconds(parts[2])
	if err != nil {
		return none, err
	}
	return clusterv1.UnhealthyNodeCondition{
		Type: corev1.NodeConditionType(parts[0]), Status: corev1.ConditionStatus(parts[1]), TimeoutSeconds: &seconds,
	}, nil
}

// apply changes checks as TKG did: a condition of the same type and status gets the new time, another one is added.
func (c healthChange) apply(checks *clusterv1.MachineHealthCheckChecks) {
	if isZero(*checks) {
		*checks = defaultChecks(c)
	}
	if c.nodeStartup != nil {
		checks.NodeStartupTimeoutSeconds = c.nodeStartup
	}
	for _, condition := range c.conditions {
		i := slices.IndexFunc(checks.UnhealthyNodeConditions, func(have clusterv1.UnhealthyNodeCondition) bool {
			return have.Type == condition.Type && have.Status == condition.Status
		})
		if i >= 0 {
			checks.UnhealthyNodeConditions[i] = condition
		} else {
			checks.UnhealthyNodeConditions = append(checks.UnhealthyNodeConditions, condition)
		}
	}
}

// defaultChecks are TKG's, less the conditions when some were given.
func defaultChecks(c healthChange) clusterv1.MachineHealthCheckChecks {
	startup, unhealthy := int32(defaultNodeStartup/time.Second), int32(defaultUnhealthy/time.Second)
	checks := clusterv1.MachineHealthCheckChecks{NodeStartupTimeoutSeconds: &startup}
	if len(c.conditions) > 0 {
		return checks
	}
	for _, status := range []corev1.ConditionStatus{corev1.ConditionFalse, corev1.ConditionUnknown} {
		checks.UnhealthyNodeConditions = append(checks.UnhealthyNodeConditions, clusterv1.UnhealthyNodeCondition{
			Type: corev1.NodeReady, Status: status, TimeoutSeconds: &unhealthy,
		})
	}
	return checks
}
