package providers

// Fixer is what an adapter may be too: one whose cloud or controllers decide settings of a cluster once. A change of one
// of them to a cluster that is there would be refused minutes later, or would silently do nothing.
type Fixer interface {
	// Fixed names those ClusterClass variables, of a class by its name in Values.Class: "region", or "network.vpcId" for
	// one field of a variable. All that is below such a name is fixed too. It contacts nothing.
	Fixed(class string) []string
}
