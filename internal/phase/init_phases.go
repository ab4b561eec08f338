package phase

import (
	"bytes"
	"context"
	"os"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// preflight asks the cloud for everything the operation will need, and refuses with all findings at once.
type preflight struct {
	run func(ctx context.Context) (uerr.Findings, error)
}

func (preflight) Name() string { return "preflight" }

func (preflight) asking() {}

func (p preflight) Check(ctx context.Context) ([]Change, error) {
	if p.run == nil {
		return nil, nil
	}
	findings, err := p.run(ctx)
	if err != nil {
		return nil, err
	}
	return nil, findings.Err()
}

func (preflight) Apply(context.Context, func(string)) error { return nil }

// startPlane brings the embedded management cluster up.
type startPlane struct{ plane Plane }

func (startPlane) Name() string { return "management plane" }

func (p startPlane) Check(ctx context.Context) ([]Change, error) {
	ready, err := p.plane.Ready(ctx)
	if err != nil || ready {
		return nil, err
	}
	return []Change{{Object: "management plane", To: "start"}}, nil
}

func (p startPlane) Apply(ctx context.Context, note func(string)) error {
	return p.plane.Start(ctx, note)
}

// installProviders installs Cluster API and the infrastructure's controllers. Before the plane is up nothing can be
// asked, which a preview shows as everything missing.
type installProviders struct{ installer Installer }

func (installProviders) Name() string { return "providers" }

func (p installProviders) Check(ctx context.Context) ([]Change, error) {
	missing, err := p.installer.Missing(ctx)
	if err != nil {
		return nil, err
	}
	var out []Change
	for _, name := range missing {
		out = append(out, Change{Object: "provider " + name, To: "install"})
	}
	return out, nil
}

func (p installProviders) Apply(ctx context.Context, note func(string)) error {
	return p.installer.Install(ctx, note)
}

// rememberContext enters the plane into the user's kubeconfig as the current context.
type rememberContext struct {
	path, context string
	admin         func() ([]byte, error)
}

func (rememberContext) Name() string { return "kubeconfig context" }

// Check compares what the file would be with what it is, because a plane that was made anew has new keys under the
// same name.
func (p rememberContext) Check(context.Context) ([]Change, error) {
	has, err := kube.HasContext(p.path, p.context)
	if err != nil {
		return nil, err
	}
	change := Change{Object: p.path, Field: "context", To: p.context}
	if !has {
		return []Change{change}, nil
	}
	same, err := p.same()
	if err != nil || same {
		return nil, err
	}
	change.From = "other keys"
	return []Change{change}, nil
}

func (p rememberContext) same() (bool, error) {
	admin, err := p.admin()
	if err != nil {
		return false, err
	}
	want, err := clientcmd.Load(admin)
	if err != nil {
		return false, err
	}
	raw, err := os.ReadFile(p.path)
	if err != nil {
		return false, err
	}
	have, err := clientcmd.Load(raw)
	if err != nil {
		return false, err
	}
	current, there := want.Contexts[want.CurrentContext], have.Contexts[p.context]
	if current == nil || there == nil || have.CurrentContext != p.context {
		return false, nil
	}
	a, b := want.Clusters[current.Cluster], have.Clusters[there.Cluster]
	x, y := want.AuthInfos[current.AuthInfo], have.AuthInfos[there.AuthInfo]
	return a != nil && b != nil && x != nil && y != nil && a.Server == b.Server &&
		bytes.Equal(a.CertificateAuthorityData, b.CertificateAuthorityData) &&
		bytes.Equal(x.ClientCertificateData, y.ClientCertificateData) && x.Token == y.Token, nil
}

func (p rememberContext) Apply(context.Context, func(string)) error {
	admin, err := p.admin()
	if err != nil {
		return err
	}
	if err := kube.MergeContext(p.path, p.context, admin); err != nil {
		return err
	}
	return kube.SetCurrentContext(p.path, p.context)
}

// register enters the management cluster into the user's list.
type register struct {
	registry Registry
	name     string
}

func (register) Name() string { return "management cluster registered" }

func (p register) Check(context.Context) ([]Change, error) {
	done, err := p.registry.Registered()
	if err != nil || done {
		return nil, err
	}
	return []Change{{Object: "management cluster " + p.name, To: "register"}}, nil
}

func (p register) Apply(context.Context, func(string)) error { return p.registry.Register() }
