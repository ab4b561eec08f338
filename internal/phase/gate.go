package phase

import (
	"context"
	"reflect"

	"k8s.io/apimachinery/pkg/util/json"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"

	"github.com/slipway-sh/slipway/internal/kube"
	"github.com/slipway-sh/slipway/internal/render"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

// gate holds back part of a cluster until objects that its controllers make are ready. Whether it is closed is what the
// live Cluster's variables say: an object that becomes unready later closes no gate.
type gate struct {
	client *kube.Client
	key    kube.Key
	until  []kube.Object
	closed map[string]any // ClusterClass variables of the closed gate
}

// newGate is nil when there is nothing to hold back.
func newGate(c *kube.Client, key kube.Key, from providers.Gate) (*gate, error) {
	if !render.Gated(from) {
		return nil, nil //nolint:nilnil // no gate, no error
	}
	g := &gate{client: c, key: key, closed: from.Closed}
	for _, o := range from.Until {
		object, err := kube.ParseObject(o.APIVersion, o.Kind, kube.Key{Namespace: key.Namespace, Name: o.Name})
		if err != nil {
			return nil, err
		}
		g.until = append(g.until, object)
	}
	return g, nil
}

// closedIn says whether a Cluster is held back now.
func (g *gate) closedIn(cluster *clusterv1.Cluster) bool {
	have := map[string][]byte{}
	for _, v := range cluster.Spec.Topology.Variables {
		have[v.Name] = v.Value.Raw
	}
	for name, want := range g.closed {
		raw, ok := have[name]
		if !ok || !sameJSON(raw, want) {
			return false
		}
	}
	return true
}

func sameJSON(raw []byte, want any) bool {
	other, err := json.Marshal(want)
	if err != nil {
		return false
	}
	var a, b any
	return json.Unmarshal(raw, &a) == nil && json.Unmarshal(other, &b) == nil && reflect.DeepEqual(a, b)
}

// shut says whether a Cluster has to be held back when it is applied: one that is, or that is changed or made while what
// it waits for is not ready.
func (g *gate) shut(ctx context.Context, live *clusterv1.Cluster) (bool, error) {
	if g == nil {
		return false, nil
	}
	if live != nil && g.closedIn(live) {
		return true, nil
	}
	unready, err := g.client.NotReady(ctx, g.until)
	return len(unready) > 0, err
}

// awaitGate ends when everything that a held back Cluster waits for is ready.
type awaitGate struct{ *gate }

func (awaitGate) Name() string { return "prerequisites ready" }

func (awaitGate) passing() {}

func (p awaitGate) Check(ctx context.Context) ([]Change, error) {
	cluster, err := p.client.Cluster(ctx, p.key)
	if err != nil || !p.closedIn(cluster) {
		return nil, err
	}
	unready, err := p.client.NotReady(ctx, p.until)
	if err != nil {
		return nil, err
	}
	var out []Change
	for _, u := range unready {
		out = append(out, Change{Object: u.Object.String(), From: u.Why, To: "ready"})
	}
	return out, nil
}

func (p awaitGate) Apply(ctx context.Context, note func(string)) error {
	return p.client.AwaitReady(ctx, p.until, "what the rest of the cluster is held back for", note)
}

// release opens the gate. Before the Cluster is there its preview says what it will do.
type release struct {
	*gate
	diff func(context.Context) ([]Change, error) // to the open form
	open func(context.Context) error
}

func (release) Name() string { return "cluster released" }

func (p release) Check(ctx context.Context) ([]Change, error) {
	cluster, err := p.client.Cluster(ctx, p.key)
	if uerr.ExitCode(err) == uerr.NotFound {
		return p.preview(ctx)
	}
	if err != nil || !p.closedIn(cluster) {
		return nil, err
	}
	return p.diff(ctx)
}

func (p release) preview(ctx context.Context) ([]Change, error) {
	unready, err := p.client.NotReady(ctx, p.until)
	var out []Change
	for _, u := range unready {
		out = append(out, Change{Object: kube.ClusterName(p.key), From: "held back", To: "released when " + u.Object.String() + " is ready"})
	}
	return out, err
}

func (p release) Apply(ctx context.Context, _ func(string)) error { return p.open(ctx) }

// refused is an operation whose input cannot be right, such as a gate with a malformed API version.
type refused struct{ err error }

func (refused) Name() string { return "request checked" }

func (p refused) Check(context.Context) ([]Change, error) { return nil, p.err }

func (p refused) Apply(context.Context, func(string)) error { return p.err }
