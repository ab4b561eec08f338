package phase

import (
	"context"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// Plane is the embedded management cluster as init sees it.
type Plane interface {
	// Ready says whether it runs and answers.
	Ready(ctx context.Context) (bool, error)
	// Start starts it and returns once it answers; of one that runs it is a no-op.
	Start(ctx context.Context, note func(text string)) error
}

// Installer puts Cluster API and its providers into the management cluster.
type Installer interface {
	// Missing names the providers that are not there in the wanted version, or not up.
	Missing(ctx context.Context) ([]string, error)
	// Install installs what is missing and returns once it is up.
	Install(ctx context.Context, note func(text string)) error
}

// Registry is the user's list of management clusters.
type Registry interface {
	// Registered says whether the management cluster is in the list, current, and with status Success.
	Registered() (bool, error)
	// Register enters it.
	Register() error
}

// InitInput is what init --local needs.
type InitInput struct {
	Name       string // of the management cluster
	Preflight  func(ctx context.Context) (uerr.Findings, error)
	Plane      Plane
	Installer  Installer
	Registry   Registry
	Kubeconfig string                 // the user's kubeconfig file
	Admin      func() ([]byte, error) // the plane's kubeconfig, with the context named NAME-admin@NAME; called once it is up
	Resume     string                 // the command line that goes on with it
}

// Init makes this machine's management cluster.
func Init(in InitInput) Operation {
	return Operation{
		Phases: []Phase{
			preflight{run: in.Preflight},
			startPlane{plane: in.Plane},
			installProviders{installer: in.Installer},
			rememberContext{path: in.Kubeconfig, context: kube.ContextName(in.Name), admin: in.Admin},
			register{registry: in.Registry, name: in.Name},
		},
		Meanwhile: "a plane that was started keeps running (slipway management-cluster status)",
		Resume:    in.Resume,
	}
}
