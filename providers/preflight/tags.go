package preflight

import (
	"fmt"
	"strings"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// Tags reads a variable of NAME=VALUE joined by commas. A cloud takes so many; problem says what it does not take about
// one, to go after "tag ...", and is empty for a good one.
func Tags(c *config.Config, key string, most int, problem func(name, value string) string) (map[string]string, uerr.Findings) {
	tags, findings := map[string]string{}, uerr.Findings(nil)
	for pair := range strings.SplitSeq(c.String(key), ",") {
		pair = strings.TrimSpace(pair)
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if wrong := problem(name, value); wrong != "" {
			findings = append(findings, Refuse(c, key, fmt.Sprintf("tag %q %s", pair, wrong), "write "+key+": team=platform,stage=test")...)
			continue
		}
		tags[name] = value
	}
	if len(tags) > most {
		findings = append(findings, Refuse(c, key, fmt.Sprintf("%d tags are more than %d", len(tags), most), "take some out of "+key)...)
	}
	return tags, findings
}
