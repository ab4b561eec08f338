package config_test

import (
	"fmt"
	"strings"
	"testing"
)

// manyClusters is a file with n clusters on three infrastructures, and the settings that they share.
func manyClusters(n int) string {
	var b strings.Builder
	b.WriteString(`VSPHERE_SERVER: vc
VSPHERE_USERNAME: u
VSPHERE_PASSWORD: p
VSPHERE_DATACENTER: /dc0
VSPHERE_DATASTORE: ds
AWS_REGION: eu-central-1
AWS_SSH_KEY_NAME: k
AWS_NODE_AZ: eu-central-1a
AZURE_TENANT_ID: 00000000-0000-0000-0000-000000000000
AZURE_SUBSCRIPTION_ID: 00000000-0000-0000-0000-000000000000
AZURE_CLIENT_ID: 00000000-0000-0000-0000-000000000000
AZURE_CLIENT_SECRET: s
AZURE_LOCATION: westeurope
defaults: {plan: prod, labels: {owner: team}}
clusters:
`)
	for i := range n {
		fmt.Fprintf(&b, "  - name: c%d\n    infrastructure: %s\n    workers: %d\n    labels: {site: s%d}\n    variables:\n      NODE_STARTUP_TIMEOUT: 25m\n",
			i, []string{"vsphere", "aws", "azure"}[i%3], 3+i%5, i%40)
		if i%3 == 0 {
			fmt.Fprintf(&b, "      VSPHERE_NETWORK: VLAN %d\n      VSPHERE_CONTROL_PLANE_ENDPOINT: 192.0.%d.%d\n", i%40, i/250, i%250+1)
		}
	}
	return b.String()
}

// BenchmarkFleet reads and checks a file of 500 clusters.
func BenchmarkFleet(b *testing.B) {
	o := fleetOptions(b, write(b, manyClusters(500)))
	for b.Loop() {
		f := loadFleet(b, o)
		if findings := f.Validate(); len(findings) != 0 || len(f.Entries()) != 500 {
			b.Fatal(findings)
		}
	}
}
