package phase

import (
	"fmt"

	"github.com/slipway-sh/slipway/internal/kube"
)

// ScaleInput is what scaling a cluster needs.
type ScaleInput struct {
	Client  *kube.Client
	Cluster kube.Key
	Size    kube.Size
	Holder  kube.Holder
	Wait    bool   // until every machine asked for is up, instead of returning once accepted
	Resume  string // the command line that goes on with it
}

// Scale changes how many machines a cluster has.
func Scale(in ScaleInput) Operation {
	c, key := in.Client, in.Cluster
	phases := []Phase{
		checkSize{client: c, key: key, size: in.Size},
		&lockCluster{client: c, key: key, holder: in.Holder},
		replicas{client: c, key: key, size: in.Size},
	}
	if in.Wait {
		phases = append(phases, awaitControlPlane(c, key), awaitWorkers(c, key))
	}
	return Operation{
		Phases:    phases,
		Meanwhile: fmt.Sprintf("the management cluster goes on scaling %s", key.Name),
		Resume:    in.Resume,
	}
}
