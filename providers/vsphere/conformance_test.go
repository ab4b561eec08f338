package vsphere

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/mo"

	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/providertest"
	"github.com/slipway-sh/slipway/templates"
)

func TestProviderKeepsTheContract(t *testing.T) {
	l := newLab(t)
	request := providers.Request{Name: "prod", Namespace: "default", Plan: "dev", KubernetesVersion: "v1.36.3", ControlPlane: 1, Workers: 2}
	with := func(changes map[string]string) map[string]string {
		settings := maps.Clone(l.settings)
		maps.Copy(settings, changes)
		return settings
	}
	providertest.Run(t, providertest.Suite{
		Provider: l.provider, Templates: templates.FS(), Variables: Variables(),
		Good: providertest.Case{Settings: l.settings, Request: request},
		Others: map[string]providertest.Case{
			"everything": {Settings: with(map[string]string{
				keyFolder: "/DC0/vm", keyCloneMode: linkedClone, keyPolicy: "vSAN Default Storage Policy", keyEndpointPort: "8443",
				"TKG_CUSTOM_IMAGE_REPOSITORY": "registry.example.org/k8s", "TKG_CUSTOM_IMAGE_REPOSITORY_SKIP_TLS_VERIFY": "true",
			}), Request: request},
			"proxy":                 {Settings: with(map[string]string{keyHTTPProxy: "http://proxy:3128", keyNoProxy: ".example.org"}), Request: request},
			"proxy with a password": {Settings: with(map[string]string{keyHTTPSProxy: "http://me:hush@proxy:3128"}), Request: request},
		},
		Machines: []string{keyDatastore, keyEndpoint, keySSH},
		Mistakes: []providertest.Mistake{
			{Variable: keyPool, Value: "nopool", Problem: `resource pool "nopool"`},
			{Variable: keyDatastore, Value: "nods", Problem: `datastore "nods"`},
			{Variable: keyNetwork, Value: "nonet", Problem: `network "nonet"`},
			{Variable: keySSH, Value: "no key", Problem: "no public key"},
		},
		BadCredentials: func(*testing.T) map[string]string { return map[string]string{keyPassword: "wr0ng&'\"<+ %"} },
		Kind:           kindMachine,
		Ruin: func(t *testing.T, namespace, cluster string) []string {
			return l.in(t).ruin(namespace, cluster)
		},
		Snapshot: func(t *testing.T) string { return l.in(t).snapshot() },
	})
}

// in is the same lab for a part of its test.
func (l *lab) in(t *testing.T) *lab {
	part := *l
	part.t = t
	return &part
}

// ruin marks two machines of the model that nobody has yet, one of them powered on, as a cluster's, and makes it a volume.
func (l *lab) ruin(namespace, cluster string) []string {
	l.t.Helper()
	var machines []mo.VirtualMachine
	l.retrieve(kindMachine, []string{"name", "config"}, &machines)
	var kinds []string
	for _, vm := range machines {
		if vm.Config.Template || markers(vm)[MarkerCluster] != "" || len(kinds) == 2 {
			continue
		}
		l.extra(vm.Name, map[string]string{MarkerCluster: namespace + "/" + cluster, MarkerEndpoint: "192.0.2.10"})
		if kinds = append(kinds, kindMachine); len(kinds) == 1 {
			l.wait(l.vm(vm.Name).PowerOn(l.t.Context()))
		}
	}
	l.volume("pvc-of-"+cluster, namespace+"/"+cluster)
	return append(kinds, kindDisk)
}

func markers(vm mo.VirtualMachine) map[string]string {
	found := map[string]string{}
	for _, option := range vm.Config.ExtraConfig {
		value := option.GetOptionValue()
		found[value.Key], _ = value.Value.(string)
	}
	return found
}

// snapshot is all that the inventory says of what a cluster is made of.
func (l *lab) snapshot() string {
	l.t.Helper()
	var machines []mo.VirtualMachine
	var folders []mo.Folder
	var pools []mo.ResourcePool
	var datastores []mo.Datastore
	l.retrieve(kindMachine, nil, &machines)
	l.retrieve("Folder", nil, &folders)
	l.retrieve("ResourcePool", nil, &pools)
	l.retrieve("Datastore", nil, &datastores)
	volumes, disks := l.volumes()
	raw, err := json.MarshalIndent([]any{machines, folders, pools, datastores, volumes, disks}, "", " ")
	if err != nil {
		l.t.Fatal(err)
	}
	return string(raw)
}

// retrieve reads properties of every object of a kind, all of them when none is named.
func (l *lab) retrieve(kind string, properties []string, into any) {
	l.t.Helper()
	ctx := l.t.Context()
	v, err := view.NewManager(l.client.Client).CreateContainerView(ctx, l.client.ServiceContent.RootFolder, []string{kind}, true)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := v.Retrieve(ctx, []string{kind}, properties, into); err != nil {
		l.t.Fatal(err)
	}
}
