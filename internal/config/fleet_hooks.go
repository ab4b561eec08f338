package config

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-sh/slipway/internal/secret"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// What a hook may be told of a cluster.
const (
	HookReady   = "cluster.ready"
	HookFailed  = "cluster.failed"
	HookDeleted = "cluster.deleted"
)

func hookEvents() []string { return []string{HookReady, HookFailed, HookDeleted} }

// Hook is one place that is told how the work on clusters ended: a webhook or a local command.
type Hook struct {
	Events  []string
	Webhook secret.String // URL, http or https; empty of a command. Its path or query is a password at many services
	Host    string        // of the URL, for people
	Secret  secret.String // key of the signature, in base64; empty leaves requests unsigned
	Command []string      // program and arguments; empty of a webhook
	Dir     string        // folder of the file, in which the command runs
	Timeout time.Duration // of one attempt; zero is the sender's choice
	Family  string        // name of the fleet whose clusters it is for; empty is all of them
	Place   Place
}

// Times is how long one attempt may take when the file does not say.
const (
	WebhookTimeout = 10 * time.Second
	CommandTimeout = 30 * time.Second
)

const (
	keyEvents    = "events"
	keyWebhook   = "webhook"
	keySecret    = "secret"
	keySecretEnv = "secretEnv"
	keyCommand   = "command"
	keyTimeout   = "timeout"
)

func hookKeys() []string {
	return []string{keyEvents, keyWebhook, keySecret, keySecretEnv, keyCommand, keyTimeout}
}

// Hooks are those of all files, in their order. One that is wrong is not among them: see Validate.
func (f *Fleet) Hooks() []Hook { return slices.Clone(f.hooks) }

// readHooks reads the list at the top of a file.
func (f *Fleet) readHooks(ff *fleetFile) {
	list := target(child(ff.root, keyHooks))
	if isNull(list) {
		return
	}
	ff.hasHooks = true
	key := keyOf(ff.root, keyHooks)
	at := Place{File: ff.path, Line: key.Line, Column: key.Column, Field: keyHooks}
	if list.Kind != yaml.SequenceNode {
		f.findings = append(f.findings, uerr.Finding{
			Where: at.String(), Problem: "hooks is not a list", Next: "write - webhook: https://HOST/PATH or - command: [PROGRAM] below it",
		})
		return
	}
	for i, n := range list.Content {
		s := &hookReader{environ: f.options.Environ, seen: map[string]entry{}}
		s.Place, s.Dir = itemPlace(at, i, n), filepath.Dir(ff.path)
		s.read(target(n))
		f.findings = append(f.findings, s.findings...)
		if s.findings.Err() == nil {
			ff.hooks = append(ff.hooks, s.Hook)
		}
	}
}

// placeHooks says whose clusters the hooks of the files are for. Deleted clusters are in no file any more, so that it is
// the fleet and not the file that tells; those of a file without clusters are for all.
func (f *Fleet) placeHooks(own []*fleetFile, shared *fleetFile) {
	for _, ff := range own {
		for _, h := range ff.hooks {
			h.Family = f.familyOf(ff, shared).Name
			f.hooks = append(f.hooks, h)
		}
	}
	if shared != nil {
		f.hooks = append(f.hooks, shared.hooks...)
	}
}

func itemPlace(at Place, i int, n *yaml.Node) Place {
	return Place{File: at.File, Line: n.Line, Column: n.Column, Field: fmt.Sprintf("%s[%d]", at.Field, i)}
}

// hookReader is the state of reading one hook.
type hookReader struct {
	Hook
	environ  []string
	seen     map[string]entry
	findings uerr.Findings
}

func (s *hookReader) refuse(at Place, problem, next string) {
	s.findings = append(s.findings, uerr.Finding{Where: at.String(), Problem: problem, Next: next})
}

func (s *hookReader) warn(at Place, problem, next string) {
	s.findings = append(s.findings, uerr.Finding{Severity: uerr.Warning, Where: at.String(), Problem: problem, Next: next})
}

func (s *hookReader) read(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		s.refuse(s.Place, "a hook is not a map of settings", "write webhook: https://HOST/PATH or command: [PROGRAM]")
		return
	}
	entries, findings := settings(n, s.Place)
	s.findings = append(s.findings, findings...)
	s.Events = hookEvents()
	for _, e := range entries {
		at, key := s.Place.below(e), e.key.Value
		if first, twice := s.seen[key]; twice {
			s.refuse(at, fmt.Sprintf("%s is set already on line %d", clip(key), first.key.Line), "keep one of the two lines")
			continue
		}
		s.seen[key] = e
		if !isNull(e.value) || !slices.Contains(hookKeys(), key) {
			s.set(key, e.value, at)
		}
	}
	s.whole()
}

func (s *hookReader) set(key string, n *yaml.Node, at Place) {
	switch key {
	case keyEvents:
		s.readEvents(n, at)
	case keyCommand:
		s.readCommand(n, at)
	case keyWebhook:
		s.readWebhook(s.hidden(n, at, key), at)
	case keySecret:
		s.setSecret(s.hidden(n, at, key), at)
	case keySecretEnv:
		s.readSecretEnv(s.text(n, at, key), at)
	case keyTimeout:
		s.readTimeout(s.text(n, at, key), at)
	default:
		x := unknownKey(key, at.String(), hookKeys())
		if Nearest(key, hookKeys()) == "" {
			x.Next = "a hook has " + strings.Join(hookKeys(), ", ")
		}
		s.findings = append(s.findings, x)
	}
}

// whole checks what depends on several keys.
func (s *hookReader) whole() {
	has := func(key string) bool { e, ok := s.seen[key]; return ok && !isNull(e.value) }
	place := func(key string) Place { return s.Place.below(s.seen[key]) }
	switch {
	case has(keyWebhook) && has(keyCommand):
		s.refuse(place(keyCommand), "a hook has a webhook and a command", "make two hooks of it, each with its own -")
	case !has(keyWebhook) && !has(keyCommand):
		s.refuse(s.Place, "a hook has neither a webhook nor a command", "write webhook: https://HOST/PATH or command: [PROGRAM]")
	}
	if has(keySecret) && has(keySecretEnv) {
		s.refuse(place(keySecretEnv), "a hook has secret and secretEnv", "keep one of the two lines")
	}
	for _, key := range []string{keySecret, keySecretEnv} {
		if has(key) && has(keyCommand) && !has(keyWebhook) {
			s.refuse(place(key), "a command is not signed", "remove "+key)
		}
	}
	if has(keyWebhook) && !has(keySecret) && !has(keySecretEnv) {
		s.warn(place(keyWebhook), "the webhook is not signed: its receiver cannot know who sent it", "write secretEnv: NAME of a variable that holds a key: "+sampleKey)
	}
}

// text reads a single value.
func (s *hookReader) text(n *yaml.Node, at Place, key string) string {
	text, findings := plain(n, key, at)
	s.findings = append(s.findings, findings...)
	return text
}

// hidden is text for what may be encoded, as secret variables may be.
func (s *hookReader) hidden(n *yaml.Node, at Place, key string) string {
	text, err := secret.Decode(s.text(n, at, key))
	if err != nil {
		s.refuse(at, fmt.Sprintf("the encoded value of %s cannot be read: %v", key, err), fmt.Sprintf("write %s in plain text", key))
	}
	return text
}

// list reads a list of single values that must not be empty.
func (s *hookReader) list(n *yaml.Node, at Place, key, sample string) (texts []string, places []Place) {
	n = target(n)
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		problem := key + " is not a list"
		if n.Kind == yaml.SequenceNode {
			problem = key + " is an empty list"
		}
		s.refuse(at, problem, "write "+sample)
		return nil, nil
	}
	for i, item := range n.Content {
		place := itemPlace(at, i, item)
		texts, places = append(texts, s.text(item, place, key)), append(places, place)
	}
	return texts, places
}

func (s *hookReader) readEvents(n *yaml.Node, at Place) {
	texts, places := s.list(n, at, keyEvents, "events: ["+strings.Join(hookEvents(), ", ")+"], or leave the line out for all of them")
	s.Events = nil
	for i, text := range texts {
		if slices.Contains(hookEvents(), text) {
			s.Events = append(s.Events, text)
			continue
		}
		problem, next := fmt.Sprintf("unknown event %q", clip(text)), "take one of "+strings.Join(hookEvents(), ", ")
		if near := Nearest(text, hookEvents()); near != "" {
			problem, next = problem+", did you mean "+near+"?", "write "+near
		}
		s.refuse(places[i], problem, next)
	}
}

// readCommand wants a list of arguments: no shell comes between, which would read a cluster's message as its own.
func (s *hookReader) readCommand(n *yaml.Node, at Place) {
	s.Command, _ = s.list(n, at, keyCommand, "command: [PROGRAM, ARGUMENT]")
	if len(s.Command) == 0 {
		return
	}
	if s.Command[0] == "" {
		s.refuse(at, "command has no program", "write command: [PROGRAM, ARGUMENT]")
		return
	}
	program := s.Command[0]
	if strings.Contains(program, "/") && !filepath.IsAbs(program) {
		if abs, err := filepath.Abs(filepath.Join(s.Dir, program)); err == nil {
			program = abs
		}
		s.Command[0] = program
	}
	if _, err := exec.LookPath(program); err != nil {
		s.warn(at, fmt.Sprintf("the command %s cannot be run here", clip(program)), "correct the path, or chmod +x the file")
	}
}

// readWebhook never shows the URL: what comes behind the host is a password at many services.
func (s *hookReader) readWebhook(text string, at Place) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		s.refuse(at, "webhook is not a URL that starts with http:// or https://", "write webhook: https://HOST/PATH")
		return
	}
	s.Webhook, s.Host = secret.New(text), u.Host
}

func (s *hookReader) readSecretEnv(name string, at Place) {
	for _, entry := range s.environ {
		if key, text, _ := strings.Cut(entry, "="); key == name && text != "" {
			s.setSecret(text, at)
			return
		}
	}
	s.refuse(at, fmt.Sprintf("there is no variable %s in the environment", clip(name)), fmt.Sprintf("export %s=KEY; make a key with: %s", clip(name), sampleKey))
}

const (
	secretPrefix = "whsec_"
	shortestKey  = 24 // bytes, of the Standard Webhooks specification
	sampleKey    = "openssl rand -base64 32"
)

// setSecret takes a key as the Standard Webhooks specification spells it.
func (s *hookReader) setSecret(text string, at Place) {
	text = strings.TrimPrefix(strings.TrimSpace(text), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) < shortestKey {
		s.refuse(at, fmt.Sprintf("the secret is not a key of at least %d bytes in base64", shortestKey), "make a key with: "+sampleKey)
		return
	}
	s.Secret = secret.New(text)
}

func (s *hookReader) readTimeout(text string, at Place) {
	if text == "" {
		return
	}
	if err := (Variable{Name: keyTimeout, Type: TypeDuration}).check(text); err != nil {
		s.refuse(at, err.Error(), "write timeout: 10s")
		return
	}
	s.Timeout, _ = time.ParseDuration(text) // checked above
}

// Secrets are what the files and the environment hold that must not be printed or sent, each once.
func (f *Fleet) Secrets() []secret.String {
	texts := map[string]bool{}
	for _, e := range f.entries {
		for _, l := range e.config.layers {
			for name, v := range l.values {
				if f.registry.secret(name) {
					texts[v.text] = true
				}
			}
		}
	}
	for _, h := range f.hooks {
		texts[h.Secret.Reveal()], texts[h.Webhook.Reveal()] = true, true
	}
	delete(texts, "")
	var out []secret.String
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		out = append(out, secret.New(text))
	}
	return out
}
