package config_test

import (
	"strings"
	"testing"
)

func TestOverlappingSubnets(t *testing.T) {
	const head = `INFRASTRUCTURE_PROVIDER: azure
AZURE_SUBSCRIPTION_ID: 00000000-0000-0000-0000-000000000000
AZURE_VNET_RESOURCE_GROUP: network
clusters:
`
	entry := func(name, vnet, subnet, cidr string) string {
		text := "  - name: " + name + "\n    variables:\n      AZURE_VNET_NAME: " + vnet + "\n      AZURE_NODE_SUBNET_NAME: " + subnet + "\n"
		if cidr != "" {
			text += "      AZURE_NODE_SUBNET_CIDR: " + cidr + "\n"
		}
		return text
	}
	for name, tc := range map[string]struct{ text, want string }{
		"two subnets": {
			entry("a", "hub", "a", "10.0.4.0/22") + entry("b", "hub", "b", "10.0.5.0/24"),
			":14 (clusters[1].variables.AZURE_NODE_SUBNET_CIDR): AZURE_NODE_SUBNET_CIDR 10.0.5.0/24 of subnet b overlaps with 10.0.4.0/22 of subnet a of a in the same network",
		},
		"the same subnet":     {text: entry("a", "hub", "nodes", "10.0.4.0/22") + entry("b", "hub", "nodes", "10.0.4.0/22")},
		"other networks":      {text: entry("a", "hub", "a", "10.0.4.0/22") + entry("b", "spoke", "b", "10.0.4.0/22")},
		"networks of theirs":  {text: entry("a", `""`, "a", "10.0.4.0/22") + entry("b", `""`, "b", "10.0.4.0/22")},
		"side by side":        {text: entry("a", "hub", "a", "10.0.4.0/24") + entry("b", "hub", "b", "10.0.5.0/24")},
		"subnets that are so": {text: entry("a", "hub", "a", "") + entry("b", "hub", "b", "")},
	} {
		t.Run(name, func(t *testing.T) {
			f, file := fleetOf(t, head+tc.text)
			var got []string
			for _, x := range f.Validate() {
				if strings.Contains(x.Problem, "overlaps with") {
					got = append(got, strings.TrimPrefix(x.Where, file)+": "+x.Problem)
				}
			}
			if text := strings.Join(got, "\n"); tc.want == "" && text != "" || !strings.HasPrefix(text, tc.want) || len(got) > 1 {
				t.Errorf("got %q, want %q", text, tc.want)
			}
		})
	}
}
