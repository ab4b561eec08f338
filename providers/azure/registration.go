package azure

// The resource providers that clusters need.
const (
	containerService   = "Microsoft.ContainerService"
	containerInstances = "Microsoft.ContainerInstance"
	networkProvider    = "Microsoft.Network"
	computeProvider    = "Microsoft.Compute"

	codeUnregistered = "MissingSubscriptionRegistration"
)
