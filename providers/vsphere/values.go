package vsphere

import (
	"context"
	"errors"
	"strings"

	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// resolving is what Values needs to know of vCenter; Preflight asks the rest.
func resolving() []check {
	return append(locating(), []check{
		{Name: "type of cluster", Only: (*inspection).makesMachines, Run: (*inspection).checkType},
		{Name: "template", Needs: []string{"datacenter"}, Only: (*inspection).makesMachines, Run: (*inspection).checkTemplate},
		{Name: "Kubernetes version", Needs: []string{"template"}, Only: (*inspection).makesMachines, Run: (*inspection).checkKubernetesVersion},
	}...)
}

// locating is what a list of templates needs.
func locating() []check {
	return []check{
		{Name: "login", Run: (*inspection).checkLogin},
		{Name: "datacenter", Needs: []string{"login"}, Only: (*inspection).makesMachines, Run: (*inspection).checkDatacenter},
	}
}

// Values finds the template of the Kubernetes version, and gives the variables of templates/vsphere/clusterclass.yaml.
// What is not configured is left out, so that the defaults of the ClusterClass hold. A request without machines gets
// the credentials only, without asking vCenter.
func (p *Provider) Values(ctx context.Context, r providers.Request) (providers.Values, error) {
	t, findings := newTarget(r.Config)
	if findings != nil {
		return providers.Values{}, findings
	}
	values := providers.Values{Credentials: credentials(t), Controller: controller()}
	if r.ControlPlane == 0 {
		return values, nil
	}
	i := &inspection{provider: p, request: r}
	defer func() { i.close(ctx) }()
	found, err := preflight.Run(ctx, i, resolving())
	if err = errors.Join(err, found.Err()); err != nil {
		return providers.Values{}, err
	}
	values.KubernetesVersion = r.KubernetesVersion
	if i.template.tagged {
		values.KubernetesVersion = i.template.version.String()
	}
	if values.Variables, err = i.variables(ctx); err != nil {
		return providers.Values{}, err
	}
	if values.CloudProvider, err = i.cloudProvider(); err != nil {
		return providers.Values{}, err
	}
	if dropIn := i.proxyDropIn(); dropIn != "" {
		values.Credentials[proxyKey] = []byte(dropIn)
	}
	return values, nil
}

// credentials is the data of the Secret that the upstream controller takes as a cluster's identity.
func credentials(t target) map[string][]byte {
	return map[string][]byte{"username": []byte(t.username), "password": []byte(t.password.Reveal())}
}

// controller has no credentials of its own: each cluster brings them, in a Secret that its VSphereCluster refers to.
func controller() providers.Controller {
	return providers.Controller{Version: ControllerVersion, Variables: map[string]string{keyUsername: "", keyPassword: ""}}
}

// variables are JSON values by the names of the ClusterClass.
func (i *inspection) variables(ctx context.Context) (map[string]any, error) {
	c := i.config()
	port, err := c.Int(keyEndpointPort)
	if err != nil {
		return nil, err
	}
	controlPlane, problems := machineSize(c, controlPlaneRole())
	worker, more := machineSize(c, workerRole())
	if err := append(problems, more...).Err(); err != nil {
		return nil, err
	}
	policy, err := i.policyName(ctx)
	if err != nil {
		return nil, err
	}
	v := map[string]any{
		"server":               i.conn.target.url.Host,
		"datacenter":           i.datacenter.InventoryPath,
		"network":              c.String(keyNetwork),
		"template":             i.template.path,
		"controlPlaneEndpoint": map[string]any{"host": c.String(keyEndpoint), "port": port},
		"controlPlane":         controlPlane,
		"worker":               worker,
	}
	setText(v, map[string]string{
		"thumbprint": i.thumbprint(), "datastore": c.String(keyDatastore), "folder": c.String(keyFolder),
		"resourcePool": c.String(keyPool), "cloneMode": c.String(keyCloneMode), "storagePolicy": policy,
		"vipInterface": c.String("VIP_NETWORK_INTERFACE"), "sshKey": strings.TrimSpace(c.String(keySSH)),
	})
	proxy, err := i.proxyVariable()
	preflight.SetObject(v, "proxy", proxy)
	registry, wrong := preflight.Registry(c)
	preflight.SetObject(v, "registry", registry)
	if err := errors.Join(err, wrong.Err()); err != nil {
		return nil, err
	}
	return preflight.Plain(v)
}

func setText(v map[string]any, texts map[string]string) {
	for name, text := range texts {
		if text != "" {
			v[name] = text
		}
	}
}

// thumbprint is the configured pin, or that of the certificate which the system's roots vouched for just now. The
// upstream controller takes a cluster without a thumbprint for one that wants no check at all.
func (i *inspection) thumbprint() string {
	switch t := i.conn.target; {
	case t.thumbprint != "":
		return t.thumbprint
	case t.insecure:
		return ""
	default:
		return i.conn.trust.lastSeen()
	}
}

// policyName turns the id of a storage policy, which TKG also takes, into the name that the controller wants.
func (i *inspection) policyName(ctx context.Context) (string, error) {
	want := i.config().String(keyPolicy)
	if want == "" {
		return "", nil
	}
	policies, err := i.policies(ctx)
	if err != nil {
		return "", i.conn.target.explain(ctx, err)
	}
	if name, ok := policies[want]; ok {
		return name, nil
	}
	return want, nil
}
