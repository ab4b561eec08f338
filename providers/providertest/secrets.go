package providertest

import (
	"encoding/base64"
	"errors"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// checkPublic looks for secrets in all of the values that objects carry which many people may read.
func (s Suite) checkPublic(t *testing.T) {
	for name, c := range s.cases() {
		t.Run(name, func(t *testing.T) {
			r := s.request(t, c, nil)
			v := s.values(t, r)
			hides(t, r.Config, "Values.Variables", texts(v.Variables)...)
			hides(t, r.Config, "Values", v.KubernetesVersion, v.Class, v.Controller.Version)
			hides(t, r.Config, "Values.CloudProvider.Config", string(v.CloudProvider.Config))
			for _, pool := range v.Pools {
				hides(t, r.Config, "pool "+pool.Name, append(texts(pool.Variables), pool.Name, pool.FailureDomain)...)
			}
		})
	}
}

// hides fails the test when a text holds a secret of the configuration in any spelling.
func hides(t *testing.T, c *config.Config, where string, in ...string) {
	t.Helper()
	for _, secret := range secretsOf(c) {
		for _, text := range in {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds a secret: %s", where, text)
			}
		}
	}
}

// secretsOf are the secrets of a configuration, each in the spellings of a URL, of XML, of base64 and of YAML. Of a
// URL, such as a proxy's, only the password is one.
func secretsOf(c *config.Config) []string {
	var all []string
	for _, v := range c.Variables() {
		text := c.Secret(v.Name).Reveal()
		if u, err := url.Parse(text); err == nil && u.Host != "" {
			text, _ = u.User.Password()
		}
		if v.Secret && text != "" {
			all = append(all, text, url.QueryEscape(text), url.PathEscape(text), html.EscapeString(text),
				base64.StdEncoding.EncodeToString([]byte(text)),
				strings.ReplaceAll(text, "'", "''"), strings.Trim(strconv.Quote(text), `"`))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// texts are all the strings in a JSON value, names of fields included.
func texts(value any) []string {
	var all []string
	switch value := value.(type) {
	case string:
		all = append(all, value)
	case []any:
		for _, item := range value {
			all = append(all, texts(item)...)
		}
	case map[string]any:
		for name, field := range value {
			all = append(append(all, name), texts(field)...)
		}
	}
	return all
}

// errorTexts are all the texts of an error that a person may see.
func errorTexts(err error) []string {
	if err == nil {
		return nil
	}
	all := []string{err.Error()}
	var findings uerr.Findings
	if errors.As(err, &findings) {
		for _, f := range findings {
			all = append(all, f.Where, f.Problem, f.Next)
		}
	}
	var e *uerr.Error
	if errors.As(err, &e) {
		all = append(all, e.What, e.Object, e.Next)
	}
	return all
}
