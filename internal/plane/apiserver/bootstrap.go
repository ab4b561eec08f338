package apiserver

import (
	"context"
	"os"
	"path/filepath"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/version"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	rbacrest "k8s.io/kubernetes/pkg/registry/rbac/rest"
	schedulingrest "k8s.io/kubernetes/pkg/registry/scheduling/rest"

	"github.com/slipway-sh/slipway/internal/plane/pki"
)

// At each start kube-apiserver goes through its default roles and priority classes before it says that it is ready, and
// begins that with a pause of a second. In a store that has them from the same version that can wait until afterwards.
type bootstrap struct{ mark string }

func newBootstrap(o Options) bootstrap {
	return bootstrap{mark: filepath.Join(o.Dir, "etcd", "bootstrapped")} // goes with the store when that is removed
}

func (b bootstrap) done() bool {
	by, err := os.ReadFile(b.mark)
	return err == nil && string(by) == version.Get().String()
}

func (b bootstrap) finish() error { return pki.WriteFile(b.mark, []byte(version.Get().String())) }

func (b bootstrap) postpone(config *app.Config) {
	config.KubeAPIs.ControlPlane.Generic.DisabledPostStartHooks.Insert(rbacrest.PostStartHookName, schedulingrest.PostStartHookName)
}

// repair does what was postponed: default roles that somebody changed are set right, as at any start of a cluster.
func (b bootstrap) repair(ctx context.Context, admin *rest.Config) {
	name, hook, err := rbacrest.RESTStorageProvider{}.PostStartHook()
	if err == nil {
		err = hook(genericapiserver.PostStartHookContext{LoopbackClientConfig: admin, Context: ctx})
	}
	if err != nil && ctx.Err() == nil {
		klog.ErrorS(err, "default roles were not repaired", "hook", name)
	}
}
