package runner

import (
	"context"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	kindsPoll     = 100 * time.Millisecond
	kindsPatience = time.Minute // large definitions take that long on a busy machine
)

// awaitKinds holds a new controller back until the API server serves the provider's kinds, which were created just
// before it. In a cluster the pull of an image takes longer than that. Here the program would start at once, miss its
// kinds and wait: CAPV looks again only after five seconds.
func (r *Runner) awaitKinds(ctx context.Context, d *appsv1.Deployment) error {
	if time.Since(d.CreationTimestamp.Time) > kindsPatience {
		return nil // a plane that starts again, or a definition that will never be accepted
	}
	definitions := &metav1.PartialObjectMetadataList{}
	definitions.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinitionList"))
	if err := r.client.List(ctx, definitions, client.MatchingLabels{ProviderLabel: d.Labels[ProviderLabel]}); err != nil {
		return err
	}
	if len(definitions.Items) == 0 {
		return nil
	}
	served, err := r.served()
	if err != nil {
		return &blockedError{reason: "Waiting", message: "waiting for the API server's list of kinds", again: kindsPoll}
	}
	for i := range definitions.Items {
		name := definitions.Items[i].Name
		all := served[name] // which spares reading definitions while whole kinds are missing
		if all {
			if all, err = r.allVersions(ctx, name, served); err != nil {
				return err
			}
		}
		if !all {
			return &blockedError{reason: "Waiting", message: "waiting for the API server to serve the provider's kinds", again: kindsPoll}
		}
	}
	return nil
}

// allVersions tells whether every version of a kind is served: the API server adds one after the other, and Azure Service
// Operator, which has twelve of some kinds, ends when it misses one.
func (r *Runner) allVersions(ctx context.Context, name string, served map[string]bool) (bool, error) {
	definition := &apiextensionsv1.CustomResourceDefinition{}
	if err := r.live.Get(ctx, client.ObjectKey{Name: name}, definition); err != nil {
		return false, err
	}
	for _, v := range definition.Spec.Versions {
		if v.Served && !served[name+"/"+v.Name] {
			return false, nil
		}
	}
	return true, nil
}

// served are the names that discovery lists, spelled as definitions are named, without and with each version:
// PLURAL.GROUP and PLURAL.GROUP/VERSION.
func (r *Runner) served() (map[string]bool, error) {
	groups, lists, err := r.discovery.ServerGroupsAndResources()
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	out := map[string]bool{}
	for _, list := range lists {
		group, version, _ := strings.Cut(list.GroupVersion, "/")
		for _, resource := range list.APIResources {
			name := resource.Name + "." + group
			out[name], out[name+"/"+version] = true, true
		}
	}
	return out, nil
}
