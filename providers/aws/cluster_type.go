package aws

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The types of cluster: machines of its own with kubeadm, or a control plane that AWS runs.
const (
	keyClusterType = "CLUSTER_TYPE"
	typeEC2        = "ec2"
	typeEKS        = "eks"

	classEKS = "eks" // templates/aws/eks.yaml

	// smallestNodeVolume is what AWS's own images of nodes need, in GiB; eks.yaml has the same bound.
	smallestNodeVolume = 20
)

// clusterType is the type asked for. Without one a cluster that is there stays what it is, and a new one is the usual.
func (i *inspection) clusterType() string {
	return cmp.Or(i.config().String(keyClusterType), i.typeInUse(), typeEC2)
}

// typeInUse is the type of the cluster as it is, or "". Only self-managed clusters have an image as a variable.
func (i *inspection) typeInUse() string {
	if i.request.Current == nil {
		return ""
	}
	if _, ok := i.request.Current["ami"]; ok {
		return typeEC2
	}
	return typeEKS
}

// checkType wants a type that there is, and that of the cluster as it is: one cannot become the other.
func (i *inspection) checkType(context.Context) uerr.Findings {
	asked, is := i.clusterType(), i.typeInUse()
	switch {
	case asked != typeEC2 && asked != typeEKS:
		return i.refuse(keyClusterType, fmt.Sprintf("AWS has no type of cluster %q", asked), "one of "+typeEC2+", "+typeEKS)
	case is != "" && asked != is:
		return i.refuse(keyClusterType, fmt.Sprintf("cluster %s is of type %s, and cannot become one of type %s", i.request.Name, is, asked),
			"leave "+keyClusterType+" out, or choose another name")
	}
	return nil
}

// checkVersion wants a version to be named: EKS has versions and no images to read them from.
func (i *inspection) checkVersion(context.Context) uerr.Findings {
	if i.request.KubernetesVersion == "" {
		return i.refuse(keyVersion, keyVersion+" is not set, and EKS has no image that tells the newest",
			"set "+keyVersion+" or --kubernetes-version to a version of EKS, such as v1.34")
	}
	return nil
}

// wholeVersion has the three numbers that Cluster API wants; EKS goes by the first two and chooses the third.
func wholeVersion(version string) string {
	version = plainVersion(version)
	if strings.Count(version, ".") == 1 {
		version += ".0"
	}
	return version
}

func (i *inspection) checkNodeVolumes(context.Context) uerr.Findings {
	gib, err := i.config().Int(keyWorkerDisk)
	if err == nil && gib >= smallestNodeVolume {
		return nil
	}
	return i.refuse(keyWorkerDisk, fmt.Sprintf("nodes of EKS need a volume of %d GiB", smallestNodeVolume),
		fmt.Sprintf("set %s to %d or more", keyWorkerDisk, smallestNodeVolume))
}

// checkIgnored warns, once for all, of what was set for machines that EKS does not have or chooses itself. What a plan
// says is for both types.
func (i *inspection) checkIgnored(context.Context) uerr.Findings {
	c := i.config()
	var keys []string
	for _, key := range []string{
		"CNI", keyImage, keyImageOwner, keyOSName, keyOSVersion, keyArch, keyDiskType,
		"CONTROL_PLANE_MACHINE_COUNT", keyControlPlaneType, keyControlPlaneDisk,
		preflight.KeyHTTPProxy, preflight.KeyHTTPSProxy, preflight.KeyNoProxy, preflight.KeyProxyCA,
		preflight.KeyRegistry, preflight.KeyRegistry + "_SKIP_TLS_VERIFY", preflight.KeyRegistry + "_CA_CERTIFICATE",
	} {
		if source := c.Origin(key).Source; source != config.SourceDefault && source != config.SourcePlan {
			keys = append(keys, key)
		}
	}
	if keys == nil {
		return nil
	}
	return i.warn(keyClusterType, "EKS takes no notice of "+strings.Join(keys, ", "), "nothing, if the cluster can do without them; else use type "+typeEC2)
}
