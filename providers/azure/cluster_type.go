package azure

import (
	"cmp"
	"context"
	"fmt"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// The types of cluster: a control plane that Azure runs, or machines of its own with kubeadm.
const (
	typeAKS = "aks"
	typeVM  = "vm"

	classVM = "vm" // templates/azure/vm.yaml
)

// clusterType is the type asked for. Without one a cluster that is there stays what it is, and a new one is the usual.
func (i *inspection) clusterType() string {
	return cmp.Or(i.config().String(keyClusterType), i.typeInUse(), typeAKS)
}

// typeInUse is the type of the cluster as it is, or "". Only those of AKS hold settings of the pods' network.
func (i *inspection) typeInUse() string {
	if i.request.Current == nil {
		return ""
	}
	if _, ok := i.request.Current["kubernetes"]; ok {
		return typeAKS
	}
	return typeVM
}

// checkType wants a type that there is, and that of the cluster as it is: one cannot become the other.
func (i *inspection) checkType(context.Context) uerr.Findings {
	asked, is := i.clusterType(), i.typeInUse()
	switch {
	case asked != typeAKS && asked != typeVM:
		return i.refuse(keyClusterType, fmt.Sprintf("Azure has no type of cluster %q", asked), "one of "+typeAKS+", "+typeVM)
	case is != "" && asked != is:
		return i.refuse(keyClusterType, fmt.Sprintf("cluster %s is of type %s, and cannot become one of type %s", i.request.Name, is, asked),
			"leave "+keyClusterType+" out, or choose another name")
	}
	return nil
}
