package aws

import (
	"context"
	"strings"
	"time"
)

// kind is one kind of object that a cluster may leave. What list gives bears the cluster's name and is not on its way out.
type kind struct {
	name   string
	list   func(*cloud, context.Context, gone) ([]thing, error)
	remove func(c *cloud, ctx context.Context, g gone, id string) error
}

// kinds is every kind, in the order of deletion: what uses others comes before them.
func kinds() []kind {
	return []kind{
		{name: "Instance", list: (*cloud).listInstances, remove: (*cloud).removeInstance},
		{name: "LoadBalancer", list: (*cloud).listBalancers, remove: (*cloud).removeBalancer},
		{name: "ClassicLoadBalancer", list: (*cloud).listOldBalancers, remove: (*cloud).removeOldBalancer},
		{name: "TargetGroup", list: (*cloud).listTargetGroups, remove: (*cloud).removeTargetGroup},
		{name: "NATGateway", list: (*cloud).listNATGateways, remove: (*cloud).removeNATGateway},
		{name: "Volume", list: (*cloud).listVolumes, remove: (*cloud).removeVolume},
		{name: "ElasticIP", list: (*cloud).listAddresses, remove: (*cloud).removeAddress},
		{name: "NetworkInterface", list: (*cloud).listInterfaces, remove: (*cloud).removeInterface},
		{name: "SecurityGroup", list: (*cloud).listGroups, remove: (*cloud).removeGroup},
		{name: "RouteTable", list: (*cloud).listRouteTables, remove: (*cloud).removeRouteTable},
		{name: "InternetGateway", list: (*cloud).listInternetGateways, remove: (*cloud).removeInternetGateway},
		{name: "Subnet", list: (*cloud).listSubnets, remove: (*cloud).removeSubnet},
		{name: "VPC", list: (*cloud).listVPCs, remove: (*cloud).removeVPC},
	}
}

// Machines, gateways and load balancers take minutes to let go of what they use.
const (
	freeWithin = 10 * time.Minute
	freePause  = 5 * time.Second
)

// whenFree removes a thing as soon as nothing uses it any more. That it is gone already is as good.
func (c *cloud) whenFree(ctx context.Context, remove func() error) error {
	deadline := time.NewTimer(freeWithin)
	defer deadline.Stop()
	for {
		err := remove()
		switch code := codeOf(err); {
		case strings.HasSuffix(code, "NotFound"):
			return nil
		case !inUse(code):
			return err
		}
		pause := time.NewTimer(freePause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return err
		case <-deadline.C:
			pause.Stop()
			return err
		case <-pause.C:
		}
	}
}

func inUse(code string) bool {
	switch code {
	case "DependencyViolation", "ResourceInUse", "VolumeInUse", "InvalidIPAddress.InUse", "InvalidGroup.InUse",
		"InvalidNetworkInterface.InUse", "InvalidParameterValue.InUse", "IncorrectState":
		return true
	}
	return false
}
