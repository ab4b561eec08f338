package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const value = "hunter2!"

// TestASecretIsNeverPrinted prints one in every way that a program prints, alone and inside of what else is printed.
func TestASecretIsNeverPrinted(t *testing.T) {
	s := New(value)
	type login struct {
		User     string
		Password String
		Pointer  *String `json:"pointer"`
		private  String
	}
	inside := login{"admin", s, &s, s}
	printed := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		for name, v := range map[string]any{
			"value": s, "pointer": &s, "struct": inside, "pointer to struct": &inside,
			"slice": []String{s}, "map": map[string]String{"password": s}, "key": map[String]int{s: 1}, "any": []any{s},
		} {
			printed[verb+" of a "+name] = fmt.Sprintf(verb, v)
		}
	}
	printed["Sprint"] = fmt.Sprint(s, inside)
	printed["error"] = fmt.Errorf("login of %v: %w", inside, errors.New("refused")).Error()
	for name, marshal := range map[string]func(any) ([]byte, error){"json": json.Marshal, "yaml": yaml.Marshal} {
		out, err := marshal(map[string]any{"struct": inside, "list": []String{s}, "pointer": &s})
		if err != nil {
			t.Fatal(err)
		}
		printed[name] = string(out)
	}
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"slog text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"slog json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		slog.New(handler(&b)).With("with", s).Info("login", "password", s, "struct", inside, slog.Group("group", "password", &s))
		printed[name] = b.String()
	}
	hex, decimal := fmt.Sprintf("%x", value), strings.Trim(fmt.Sprintf("%d", []byte(value)), "[]")
	for how, text := range printed {
		for _, leak := range []string{value, Encode(value), hex, strings.ToUpper(hex), decimal} {
			if strings.Contains(text, leak) {
				t.Errorf("%s: %s", how, text)
			}
		}
	}
	if got := fmt.Sprint(s); got != redacted {
		t.Errorf("printed as %q", got)
	}
	if s.Reveal() != value || inside.private.Reveal() != value || s.Empty() || !New("").Empty() || !(String{}).Empty() {
		t.Error("the value itself is lost")
	}
}

func TestDecode(t *testing.T) {
	for spelt, want := range map[string]string{
		value: value, "": "", Encode(value): value, Encode(""): "", "<encoded:aHVudGVyMg==>": "hunter2", "a<encoded:x>": "a<encoded:x>",
	} {
		if got, err := Decode(spelt); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", spelt, got, err, want)
		}
	}
	for _, spelt := range []string{"<encoded:aHVudGVyMg==", "<encoded:hunter2!>"} {
		if _, err := Decode(spelt); err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "aHVudGVy") {
			t.Errorf("%q: %v", spelt, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(value)
	f.Add("<encoded:")
	f.Fuzz(func(t *testing.T, plain string) {
		if got, err := Decode(Encode(plain)); err != nil || got != plain {
			t.Errorf("%q became %q, %v", plain, got, err)
		}
	})
}

func TestScrub(t *testing.T) {
	got := Scrub("login admin/hunter2! at vc: hunter2! refused, other too", New(value), New(""), New("other"))
	if want := "login admin/<redacted> at vc: <redacted> refused, <redacted> too"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
