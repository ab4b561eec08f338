package cli

import (
	"regexp"
	"strings"
)

// rehearsing is set in the environment of rehearsed commands, and of nothing else.
const rehearsing = "SLIPWAY_REHEARSAL"

// typed is what a person types before a command: the program's name, and in a rehearsal the words that lead into it.
func (d *Deps) typed() string {
	if d.env(rehearsing) != "" {
		return d.InvokedAs + " rehearse --"
	}
	return d.InvokedAs
}

// typeable turns the commands in an advice into those that this person can type as they stand. The packages below
// write "slipway get clusters"; they do not know whether they work in a rehearsal, or for somebody who types tkg.
func (d *Deps) typeable(advice string) string {
	var verbs []string
	for _, cmd := range newRoot(&Deps{InvokedAs: d.InvokedAs}).Commands() { // of its own: flags that are declared anew lose their values
		if cmd.Name() != "rehearse" {
			verbs = append(verbs, regexp.QuoteMeta(cmd.Name()))
		}
	}
	command := regexp.MustCompile(`(^|[\s(])(?:slipway|tkg) (` + strings.Join(verbs, "|") + `|--help)\b`)
	return command.ReplaceAllString(advice, "${1}"+d.typed()+" ${2}")
}
