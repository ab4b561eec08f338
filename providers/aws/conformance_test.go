package aws

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/providertest"
	"github.com/slipway-sh/slipway/templates"
)

func TestProviderKeepsTheContract(t *testing.T) {
	l := newLab(t)
	request := providers.Request{Name: "prod", Namespace: "default", Plan: "dev", KubernetesVersion: "v1.36.3", ControlPlane: 1, Workers: 2}
	eks, wide := request, request
	eks.KubernetesVersion = "v1.34"
	wide.Plan, wide.ControlPlane, wide.Workers = "prod", 3, 4
	with := func(changes map[string]string) map[string]string {
		settings := maps.Clone(l.settings)
		maps.Copy(settings, changes)
		return settings
	}
	providertest.Run(t, providertest.Suite{
		Provider: l.provider, Templates: templates.FS(), Variables: Variables(),
		Good: providertest.Case{Settings: l.settings, Request: request},
		Others: map[string]providertest.Case{
			"EKS":         {Settings: with(map[string]string{"CLUSTER_TYPE": "eks", "AWS_NODE_AZ_1": "eu-central-1b"}), Request: eks},
			"three zones": {Settings: with(threeZones()), Request: wide},
			"proxy and registry": {Settings: with(map[string]string{
				"TKG_HTTP_PROXY": "http://proxy.example.org:3128", "TKG_CUSTOM_IMAGE_REPOSITORY": "registry.example.org/k8s", "AWS_TAGS": "team=platform",
			}), Request: request},
			"a machine type of its own": {Settings: with(map[string]string{"AWS_NODE_AZ_1": "eu-central-1b", "NODE_MACHINE_TYPE_1": "m5.xlarge"}), Request: request},
		},
		Machines: []string{"AWS_NODE_AZ", "AWS_SSH_KEY_NAME"},
		Mistakes: []providertest.Mistake{
			{Variable: "AWS_NODE_AZ", Value: "eu-central-1z", Problem: "has no zone eu-central-1z"},
			{Variable: "AWS_SSH_KEY_NAME", Value: "nobody", Problem: `key pair "nobody"`},
			{Variable: "AWS_TAGS", Value: "aws:x=1", Problem: "begins with aws:"},
			{Variable: "TKG_HTTP_PROXY", Value: "http://me:hidden@proxy.example.org", Problem: "holds a password"},
		},
		BadCredentials: func(t *testing.T) map[string]string {
			l.in(t).authenticate()
			return map[string]string{"AWS_ACCESS_KEY_ID": "AKIALABLABLABLABLAB2", "AWS_SECRET_ACCESS_KEY": "another/s3cret+lab"}
		},
		Kind: "Volume",
		Ruin: func(t *testing.T, namespace, cluster string) []string {
			l.in(t).ruin(cluster, namespace+"/"+cluster)
			return kindsOfRuin()
		},
		Snapshot: func(*testing.T) string { return l.account.changes() },
	})
}

// in is the same lab for a part of its test.
func (l *lab) in(t *testing.T) *lab {
	part := *l
	part.t = t
	return &part
}

// changes are the calls so far that do not only look.
func (a *account) changes() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var text strings.Builder
	for _, action := range slices.Sorted(maps.Keys(a.calls)) {
		if looks := []string{"Describe", "Get", "List", "Simulate"}; !slices.ContainsFunc(looks, func(l string) bool { return strings.HasPrefix(action, l) }) {
			fmt.Fprintf(&text, "%s %d\n", action, a.calls[action])
		}
	}
	return text.String()
}
