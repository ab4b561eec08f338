package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/secret"
)

// hookKey is a key of 32 bytes as receivers write it.
const hookKey = "whsec_dGhpcnR5LXR3byBieXRlcyBvZiBhIHRlc3Qga2V5Li4="

// anywhereInHook allows findings on the first line of hooks, where that stands what a whole hook lacks.
func anywhereInHook(s *sheet) func(spot) bool {
	return func(x spot) bool {
		return strings.HasPrefix(s.text(x), "  - webhook:") || strings.HasPrefix(s.text(x), "  - command:")
	}
}

func hookMutations() []mutation {
	return []mutation{
		{"misspell a key of a hook", func(s *sheet) expected {
			at := s.pick(`^    (secret|events|timeout):`)
			key := s.key(at)
			s.swapped(at, key)
			return expected{at, "did you mean " + key, anywhereInHook(s)}
		}},
		{"misspell hooks", func(s *sheet) expected {
			at := s.pick(`^hooks:`)
			s.swapped(at, "hooks")
			return expected{spot: at, problem: "did you mean hooks"}
		}},
		{"a key that no hook has", func(s *sheet) expected {
			at := s.pick(`^    events:`)
			s.insert(at, "    retries: 3")
			return expected{spot: at, problem: `unknown key "retries"`}
		}},
		{"misspell an event", func(s *sheet) expected {
			at := s.replace(s.pick(`cluster\.ready`), `cluster\.ready`, []string{"cluster.redy", "clusters.ready", "Cluster.ready"}[s.rand.IntN(3)])
			return expected{spot: at, problem: "unknown event .*did you mean cluster.ready"}
		}},
		{"misspell an event of a list", func(s *sheet) expected {
			return expected{spot: s.replace(s.pick(`^      - cluster\.failed`), `failed`, "faild"), problem: "unknown event .*did you mean cluster.failed"}
		}},
		valued("no list of events", `^    events: `, "events is (not a|an empty) list", "cluster.ready", "[]", "{a: b}"),
		valued("no list of arguments", `^  - command:`, "command is (not a|an empty) list", "./notify.sh --quiet", "[]", "{a: b}"),
		valued("no program", `^  - command:`, "has no program", "['']", "[~, a]"),
		{"a program that is not there", func(s *sheet) expected {
			return expected{spot: s.value(s.pick(`^  - command:`), []string{"[./none.sh]", "[no-such-program-at-all, a]"}[s.rand.IntN(2)]), problem: "cannot be run here"}
		}},
		valued("no URL", `^  - webhook:`, "is not a URL that starts with http", "ci.example.org", "ftp://ci.example.org", "'https://'", "https://ci.example.org:port/x", "/hook"),
		valued("no time", `^    timeout:`, "is not (a duration|longer than zero)", "10", "soon", "0s", "-3s"),
		valued("no key", `^    secret:`, "is not a key of at least 24 bytes in base64", "hunter2", "c2hvcnQ=", "whsec_c2hvcnQ=", "<encoded:c2hvcnQ=>"),
		valued("a key that is not encoded", `^    secret:`, "encoded value of secret cannot be read", "<encoded:%%%>", "<encoded:aa").keyless(),
		{"no such variable", func(s *sheet) expected {
			at := s.replace(s.pick(`^    secret:`), `secret:.*`, "secretEnv: NO_SUCH_KEY")
			return expected{spot: at, problem: "there is no variable NO_SUCH_KEY in the environment"}
		}},
		{"two keys", func(s *sheet) expected {
			at := s.pick(`^    secret:`)
			at.line++
			s.insert(at, "    secretEnv: NO_SUCH_KEY")
			return expected{at, "a hook has secret and secretEnv", func(x spot) bool { return x == at }}
		}},
		{"a webhook without a key", func(s *sheet) expected {
			at := s.pick(`^    secret:`)
			s.remove(at)
			at.line--
			return expected{spot: at, problem: "is not signed"}
		}},
		{"a command with a key", func(s *sheet) expected {
			at := s.pick(`^  - command:`)
			at.line++
			s.insert(at, "    secret: "+hookKey)
			return expected{spot: at, problem: "a command is not signed"}
		}},
		{"a webhook and a command", func(s *sheet) expected {
			at := s.pick(`^  - webhook:`)
			at.line++
			s.insert(at, "    command: [sh]")
			return expected{spot: at, problem: "a hook has a webhook and a command"}
		}},
		{"neither", func(s *sheet) expected {
			at := s.pick(`^  - command:`)
			s.replace(at, `command:.*`, "timeout: 3s")
			s.remove(spot{at.file, slices.Index(s.files[at.file], "    timeout: 1m")})
			return expected{spot: at, problem: "a hook has neither a webhook nor a command"}
		}},
		{"hooks that are no list", func(s *sheet) expected {
			at := s.pick(`^hooks:`)
			for i := at.line + 1; i < len(s.files[at.file]) && strings.HasPrefix(s.files[at.file][i], "  "); {
				s.remove(spot{at.file, i})
			}
			return expected{spot: s.value(at, "https://ci.example.org"), problem: "hooks is not a list"}
		}},
		{"a hook that is no map", func(s *sheet) expected {
			at := s.pick(`^  - (webhook|command):`)
			s.insert(at, "  - "+[]string{"https://ci.example.org", "[a]", ""}[s.rand.IntN(3)])
			return expected{spot: at, problem: "a hook is not a map of settings"}
		}},
	}
}

// keyless allows that the key is missed as well.
func (m mutation) keyless() mutation {
	return mutation{m.name, func(s *sheet) expected {
		x := m.apply(s)
		at := x.spot
		x.also = func(other spot) bool { return other == at }
		return x
	}}
}

func TestHooks(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("notify.sh", "#!/bin/sh\n", 0o700)
	write("a.yaml", "hooks:\n- {webhook: '"+secret.Encode("https://u:p@ci.example.org:8443/x?y=z")+"', secretEnv: KEY}\n", 0o600)
	write("b.yaml", "fleet: b\nhooks: [{command: [./notify.sh, --quiet, 3], events: [cluster.failed], timeout: 1m30s}]\nclusters: []\n", 0o600)
	write("c.yaml", "hooks: [{command: [sh], events: ~}]\nclusters: []\n", 0o600)
	write("d.yaml", "hooks: []\nclusters: []\n", 0o600)
	o := fleetOptions(t, dir)
	o.Environ = []string{"KEY=" + hookKey}
	f := loadFleet(t, o)
	if findings := f.Validate(); len(findings) != 0 {
		t.Errorf("findings: %v", findings)
	}
	type flat struct {
		Events, Command         []string
		Webhook, Host, Secret   string
		Dir, Family, FileOfHook string
		Timeout                 time.Duration
	}
	var got []flat
	for _, h := range f.Hooks() {
		got = append(got, flat{h.Events, h.Command, h.Webhook.Reveal(), h.Host, h.Secret.Reveal(), h.Dir, h.Family, filepath.Base(h.Place.File), h.Timeout})
	}
	all, key := []string{config.HookReady, config.HookFailed, config.HookDeleted}, strings.TrimPrefix(hookKey, "whsec_")
	want := []flat{
		{Events: []string{config.HookFailed}, Command: []string{filepath.Join(dir, "notify.sh"), "--quiet", "3"}, Dir: dir, Family: "b", FileOfHook: "b.yaml", Timeout: 90 * time.Second},
		{Events: all, Command: []string{"sh"}, Dir: dir, Family: filepath.Base(dir), FileOfHook: "c.yaml"},
		{Events: all, Webhook: "https://u:p@ci.example.org:8443/x?y=z", Host: "ci.example.org:8443", Secret: key, Dir: dir, FileOfHook: "a.yaml"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, printed := range []string{fmt.Sprintf("%v %+v", f.Hooks(), f), fmt.Sprintf("%#v", f.Hooks())} {
		if strings.Contains(printed, key) || strings.Contains(printed, "u:p") {
			t.Errorf("a secret is printed: %s", printed)
		}
	}
}

// TestSecretsOfAFleet wants each text that is not to be seen, and once.
func TestSecretsOfAFleet(t *testing.T) {
	var got []string
	for _, s := range loadFleet(t, fleetOptions(t, mixedFleet)).Secrets() {
		got = append(got, s.Reveal())
	}
	want := []string{"00000000-0000-0000-0000-000000000003", strings.TrimPrefix(hookKey, "whsec_"), "https://ci.example.org/slipway", "hunter2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
