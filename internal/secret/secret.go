// Package secret holds values that must never be seen: a type that redacts itself wherever it is printed,
// and TKG's <encoded:BASE64> spelling, which is an encoding and not an encryption.
package secret

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
)

const (
	redacted      = "<redacted>"
	encodedPrefix = "<encoded:"
	encodedSuffix = ">"
)

// String is a value that prints as <redacted> everywhere; only Reveal gives it away. The zero String is empty.
//
// The value is behind a pointer because fmt does not call the methods of a struct's unexported fields: of a String in
// there it prints an address.
type String struct{ value *string }

// New wraps a value that must not be printed.
func New(value string) String { return String{value: &value} }

// Reveal gives the value itself, for the one call that needs it.
func (s String) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty says whether there is no value at all.
func (s String) Empty() bool { return s.Reveal() == "" }

// String redacts.
func (s String) String() string { return redacted }

// GoString redacts %#v.
func (s String) GoString() string { return redacted }

// MarshalJSON redacts.
func (s String) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue redacts structured logs.
func (s String) LogValue() slog.Value { return slog.StringValue(redacted) }

// Decode undoes TKG's <encoded:BASE64> spelling; a plain value passes through.
func Decode(value string) (string, error) {
	body, ok := strings.CutPrefix(value, encodedPrefix)
	if !ok {
		return value, nil
	}
	body, ok = strings.CutSuffix(body, encodedSuffix)
	if !ok {
		return "", fmt.Errorf("%s without closing %q", encodedPrefix+"…", encodedSuffix)
	}
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return "", fmt.Errorf("not base64 inside %s…%s", encodedPrefix, encodedSuffix)
	}
	return string(raw), nil
}

// Encode spells a value as TKG does when it rewrites config.yaml.
func Encode(value string) string {
	return encodedPrefix + base64.StdEncoding.EncodeToString([]byte(value)) + encodedSuffix
}

// Scrub replaces every occurrence of the given secrets in text that came from elsewhere, such as a server's error.
func Scrub(text string, secrets ...String) string {
	for _, s := range secrets {
		if !s.Empty() {
			text = strings.ReplaceAll(text, s.Reveal(), redacted)
		}
	}
	return text
}
