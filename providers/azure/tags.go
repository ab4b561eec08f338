package azure

import (
	"context"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

const (
	// ownerTag says whose a thing is; Azure takes no slash in the name of a tag.
	ownerTag = "slipway.sh_cluster"
	maxTags  = 39 // of 50 that Azure allows; the controllers and AKS take the rest
)

// owner is the value of ownerTag.
func (i *inspection) owner() string { return i.request.Namespace + "/" + i.request.Name }

// owns says whether tags say that a thing is this cluster's.
func (i *inspection) owns(tags map[string]*string) bool { return tagOf(tags, ownerTag) == i.owner() }

// tagOf finds a tag, whose name has no case.
func tagOf(tags map[string]*string, name string) string {
	for key, v := range tags {
		if strings.EqualFold(key, name) {
			return value(v)
		}
	}
	return ""
}

func (i *inspection) checkTags(context.Context) uerr.Findings {
	_, findings := configuredTags(i.config())
	return findings
}

// configuredTags reads name=value joined by commas, within Azure's bounds.
func configuredTags(c *config.Config) (map[string]string, uerr.Findings) {
	return preflight.Tags(c, keyTags, maxTags, tagProblem)
}

// tagProblem goes by https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
func tagProblem(name, value string) string {
	lower := strings.ToLower(name)
	switch {
	case name == "":
		return "has no name"
	case len([]rune(name)) > 512 || len([]rune(value)) > 256:
		return "is too long: a name may have 512 letters and a value 256"
	case strings.HasPrefix(lower, "microsoft") || strings.HasPrefix(lower, "azure") || strings.HasPrefix(lower, "windows"):
		return "begins with microsoft, azure or windows, which Azure keeps for itself"
	case lower == ownerTag || strings.HasPrefix(lower, "sigs.k8s.io_cluster-api-provider-azure_"):
		return "is one that Slipway and the controllers find a cluster's things by"
	case strings.ContainsAny(name, `<>%&\?/`):
		return `has a letter in its name that Azure does not take: < > % & \ ? /`
	}
	return ""
}
