package azure

import (
	"context"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// resolving is what Values needs to know of Azure; Preflight asks the rest.
func resolving() []check {
	return []check{
		{Name: "login", Run: (*inspection).checkLogin},
		{Name: "type of cluster", Run: (*inspection).checkType},
		{Name: "Kubernetes version", Needs: []string{"login"}, Only: (*inspection).ofAKS, Run: (*inspection).findVersion},
		{Name: "resource providers", Needs: []string{"login"}, Run: (*inspection).findProviders},
		{Name: "sizes of machines", Needs: []string{"login"}, Only: (*inspection).ofAKS, Run: (*inspection).findSizes},
		{Name: "resource group", Needs: []string{"login"}, Only: (*inspection).ofAKS, Run: (*inspection).findGroup},
		{Name: "virtual network", Needs: []string{"resource group"}, Only: (*inspection).ofAKS, Run: (*inspection).findNetwork},
	}
}

// Values finds the Kubernetes version and what is there already, and gives the variables of
// templates/azure/clusterclass.yaml. A request without machines gets the controller only: each cluster brings its
// credentials.
func (p *Provider) Values(ctx context.Context, r providers.Request) (providers.Values, error) {
	opened, err := p.open(ctx, r.Config)
	if err != nil {
		return providers.Values{}, err
	}
	values := providers.Values{Credentials: opened.secretData(), Controller: providers.Controller{
		Version: ControllerVersion, Variables: map[string]string{"EXP_MACHINE_POOL": "true"},
	}}
	i := p.inspect(r)
	if !i.makesMachines() {
		return values, nil
	}
	found, err := preflight.Run(ctx, i, resolving())
	if err = errors.Join(err, found.Err()); err != nil {
		return providers.Values{}, err
	}
	values.Before = i.registrations()
	if i.clusterType() == typeVM {
		return i.valuesVM(values)
	}
	values.KubernetesVersion, values.Gate = i.version, i.gate()
	if values.Variables, err = i.variables(); err != nil {
		return providers.Values{}, err
	}
	values.Pools, err = i.pools()
	return values, err
}

// variables are JSON values by the names of the ClusterClass.
func (i *inspection) variables() (map[string]any, error) {
	c := i.config()
	tags, wrong := configuredTags(c)
	workers, err := i.pool()
	if err = errors.Join(err, wrong.Err()); err != nil {
		return nil, err
	}
	tags[ownerTag] = i.owner()
	v := map[string]any{
		"location": i.location(), "subscription": i.cloud.subscription, "tags": tags, "hold": false,
		"resourceGroup": i.group, "network": i.network, "kubernetes": kubernetesOf(c), "pool": workers,
		"tier": i.tier(), "privateCluster": c.Bool(keyPrivate), "oidcIssuer": c.Bool(keyIssuer) || c.Bool(keyWorkloadIdentity),
		"workloadIdentity": c.Bool(keyWorkloadIdentity), "identity": i.identity(),
	}
	preflight.SetObject(v, "virtualNode", i.virtualNode())
	key, findings := i.sshKey()
	if key != "" {
		v["sshPublicKey"] = key
	}
	if findings != nil {
		return nil, findings
	}
	return preflight.Plain(v)
}

// virtualNode is nil for a cluster that never had one. One that is there keeps it unless the configuration says otherwise.
func (i *inspection) virtualNode() map[string]any {
	was, had := i.request.Current["virtualNode"].(map[string]any)
	enabled := i.config().Bool(keyVirtualNode)
	if had && !i.config().IsSet(keyVirtualNode) {
		enabled, _ = was["enabled"].(bool)
	}
	if !had && !enabled {
		return nil
	}
	return map[string]any{"enabled": enabled, "subnet": i.virtual}
}

func (i *inspection) hasVirtualNode() bool {
	v := i.virtualNode()
	return i.ofAKS() && v != nil && v["enabled"] == true
}

// tier has an agreement about availability for a plan that asks for more than one control plane machine.
func (i *inspection) tier() string {
	if asked := i.config().String(keyTier); asked != "" {
		return asked
	}
	if i.request.ControlPlane > 1 {
		return "Standard"
	}
	return "Free"
}

// identity is the one of the control plane.
func (i *inspection) identity() map[string]any {
	if id := i.config().String(keyIdentity); id != "" {
		return map[string]any{"type": "UserAssigned", "id": id}
	}
	return map[string]any{"type": "SystemAssigned"}
}

// sshKey decodes the public key that may log in to the nodes.
func (i *inspection) sshKey() (string, uerr.Findings) {
	text := i.config().String(keySSH)
	raw, err := base64.StdEncoding.DecodeString(text)
	key := strings.TrimSpace(string(raw))
	if err != nil || text != "" && !regexp.MustCompile(`^(ssh|ecdsa)-\S+ \S+`).MatchString(key) {
		return "", i.refuse(keySSH, keySSH+" holds no public key", "set it to the output of: base64 -w0 ~/.ssh/id_rsa.pub")
	}
	return key, nil
}

// gate keeps AKS waiting for the subnets that are made for it: nothing else orders the virtual node after its subnet. A new
// cluster is held as a whole. One that is there is never held, since what is held is not deleted in Azure either; its
// virtual node stays off until then.
func (i *inspection) gate() providers.Gate {
	const api, kind = "network.azure.com/v1api20240301", "VirtualNetworksSubnet"
	var made []providers.Object
	if !i.network.NodeSubnet.Existing {
		made = append(made, providers.Object{APIVersion: api, Kind: kind, Name: i.request.Name + "-node"})
	}
	if i.virtualNode() != nil && !i.virtual.Existing {
		made = append(made, providers.Object{APIVersion: api, Kind: kind, Name: i.request.Name + "-virtual-node"})
	}
	isThere := i.request.Current != nil && i.request.Current["hold"] != true
	switch {
	case made == nil, isThere && !i.hasVirtualNode():
		return providers.Gate{}
	case isThere:
		off := map[string]any{"enabled": false, "subnet": i.virtual}
		return providers.Gate{Until: made, Closed: map[string]any{"virtualNode": off}}
	}
	return providers.Gate{Until: made, Closed: map[string]any{"hold": true}}
}
