package aws

import (
	"context"
	"regexp"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

const (
	keyTags = "AWS_TAGS"

	// ownerTag tells clusters of one name apart; the upstream controller's own tags hold no namespace.
	ownerTag = "slipway.sh/cluster"
	maxTags  = 30 // of 50 that AWS allows; the controllers in and around the cluster take the rest
)

// owner is the value of ownerTag.
func (i *inspection) owner() string { return i.request.Namespace + "/" + i.request.Name }

func (i *inspection) checkTags(context.Context) uerr.Findings {
	_, findings := configuredTags(i.config())
	return findings
}

// configuredTags reads KEY=VALUE joined by commas, within AWS's bounds.
func configuredTags(c *config.Config) (map[string]string, uerr.Findings) {
	return preflight.Tags(c, keyTags, maxTags, tagProblem)
}

func tagProblem(key, value string) string {
	legal := regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
	switch {
	case key == "":
		return "has no key"
	case len([]rune(key)) > 128 || len([]rune(value)) > 256:
		return "is too long: a key may have 128 letters and a value 256"
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return "begins with aws:, which AWS keeps for itself"
	case key == ownerTag || strings.HasPrefix(key, ownedByController) || strings.HasPrefix(key, ownedInside):
		return "is one that Slipway and the controllers find a cluster's things by"
	case !legal.MatchString(key) || !legal.MatchString(value):
		return "has a letter that AWS does not take: letters, digits, spaces and _ . : / = + - @ are taken"
	}
	return ""
}
