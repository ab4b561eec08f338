package config_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// edited writes a file, edits it, and gives what came out.
func edited(t *testing.T, before string, f func(*config.Document) error) string {
	t.Helper()
	file := write(t, before)
	if err := config.Edit(t.Context(), file, f); err != nil {
		t.Fatalf("edit: %v", err)
	}
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(after)
}

func TestSetKeepsEverythingElse(t *testing.T) {
	const key = "VSPHERE_NETWORK"
	cases := map[string]struct{ before, value, after string }{
		"plain":                  {"# head\nA: 1\n\nVSPHERE_NETWORK: old   # why\n\n# foot\nB: 'x'\n", "new", "# head\nA: 1\n\nVSPHERE_NETWORK: new   # why\n\n# foot\nB: 'x'\n"},
		"double quotes stay":     {"VSPHERE_NETWORK: \"old\" # c\n", "a \"b\"", "VSPHERE_NETWORK: \"a \\\"b\\\"\" # c\n"},
		"single quotes stay":     {"VSPHERE_NETWORK: 'it''s'\n", "it's new", "VSPHERE_NETWORK: 'it''s new'\n"},
		"plain needs quotes":     {"VSPHERE_NETWORK: old\n", "a: b", "VSPHERE_NETWORK: \"a: b\"\n"},
		"a word of YAML 1.1":     {"VSPHERE_NETWORK: old\n", "on", "VSPHERE_NETWORK: \"on\"\n"},
		"null as a text":         {"VSPHERE_NETWORK: old\n", "null", "VSPHERE_NETWORK: \"null\"\n"},
		"empty value":            {"VSPHERE_NETWORK:\nB: 1\n", "new", "VSPHERE_NETWORK: new\nB: 1\n"},
		"empty, space, comment":  {"VSPHERE_NETWORK: # c\nB: 1\n", "new", "VSPHERE_NETWORK: new # c\nB: 1\n"},
		"empty quotes":           {"VSPHERE_NETWORK: \"\"\n", "new", "VSPHERE_NETWORK: \"new\"\n"},
		"no line end":            {"VSPHERE_NETWORK: old", "new", "VSPHERE_NETWORK: new"},
		"CRLF":                   {"A: 1\r\nVSPHERE_NETWORK: old\r\nB: 2\r\n", "new", "A: 1\r\nVSPHERE_NETWORK: new\r\nB: 2\r\n"},
		"literal":                {"VSPHERE_NETWORK: |- # pem\n  a\n  b\n\n# c\nB: 1\n", "new", "VSPHERE_NETWORK: new # pem\n\n# c\nB: 1\n"},
		"folded at the end":      {"B: 1\nVSPHERE_NETWORK: >\n  a\n  b\n", "new", "B: 1\nVSPHERE_NETWORK: new\n"},
		"plain on two lines":     {"VSPHERE_NETWORK: a\n  b c\nB: 1\n", "new", "VSPHERE_NETWORK: new\nB: 1\n"},
		"quotes on two lines":    {"VSPHERE_NETWORK: \"a\n  b\"\nB: 1\n", "new", "VSPHERE_NETWORK: \"new\"\nB: 1\n"},
		"new key":                {"# c\nB: 1\n\n# end\n", "new", "# c\nB: 1\n\n# end\nVSPHERE_NETWORK: new\n"},
		"new key, no line end":   {"B: 1", "new", "B: 1\nVSPHERE_NETWORK: new\n"},
		"new key, indented":      {"  B: 1\n", "new", "  B: 1\n  VSPHERE_NETWORK: new\n"},
		"new key, CRLF":          {"B: 1\r\n", "new", "B: 1\r\nVSPHERE_NETWORK: new\r\n"},
		"new key, empty file":    {"", "new", "VSPHERE_NETWORK: new\n"},
		"new key, comments":      {"# only this\n", "new", "# only this\nVSPHERE_NETWORK: new\n"},
		"new key, start marker":  {"---\n", "new", "---\nVSPHERE_NETWORK: new\n"},
		"new key after empty {}": {"{}\n", "new", "\nVSPHERE_NETWORK: new\n"},
		"another case":           {"vsphere_network: old\n", "new", "vsphere_network: new\n"},
		"the last of two":        {"VSPHERE_NETWORK: a\nVSPHERE_NETWORK: b\n", "new", "VSPHERE_NETWORK: a\nVSPHERE_NETWORK: new\n"},
		"byte order mark":        {"\ufeffVSPHERE_NETWORK: old\n", "new", "\ufeffVSPHERE_NETWORK: new\n"},
		"letters of two bytes":   {"É: ü\n\"ö\": 1\nVSPHERE_NETWORK: äöü # ü\n", "ß", "É: ü\n\"ö\": 1\nVSPHERE_NETWORK: ß # ü\n"},
		"two lines":              {"VSPHERE_NETWORK: old\n", "a\nb\t\x01", "VSPHERE_NETWORK: \"a\\nb\\t\\x01\"\n"},
		"number":                 {"VSPHERE_NETWORK: \"1\"\n", "2", "VSPHERE_NETWORK: \"2\"\n"},
		"the same":               {"VSPHERE_NETWORK: 'x'   \n", "x", "VSPHERE_NETWORK: 'x'   \n"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := edited(t, tc.before, func(d *config.Document) error { return d.Set(key, tc.value) })
			if diff := cmp.Diff(tc.after, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSetRefusesWhatItCannotKeep(t *testing.T) {
	for name, before := range map[string]string{
		"an anchor":   "VSPHERE_NETWORK: &a x\nB: *a\n",
		"a list":      "VSPHERE_NETWORK: [a]\n",
		"a tag":       "VSPHERE_NETWORK: !!str 1\n",
		"bad YAML":    "VSPHERE_NETWORK: 'x\n",
		"in brackets": "{A: 1}\n",
		"not UTF-8":   "VSPHERE_NETWORK: \xff\n",
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, before)
			key := "VSPHERE_NETWORK"
			if err := config.Edit(t.Context(), file, func(d *config.Document) error { return d.Set(key, "new") }); err == nil {
				t.Error("no error")
			}
			if after, _ := os.ReadFile(file); string(after) != before {
				t.Errorf("the file was changed: %q", after)
			}
		})
	}
}

func TestEncodeSecrets(t *testing.T) {
	before := "# c\nVSPHERE_PASSWORD: p4ss   # mine\nVSPHERE_USERNAME: u\nAWS_SECRET_ACCESS_KEY: \"k\"\nNSXT_PASSWORD:\nAVI_PASSWORD: <encoded:eA==>\nMY_PASSWORD: z\n"
	want := "# c\nVSPHERE_PASSWORD: <encoded:cDRzcw==>   # mine\nVSPHERE_USERNAME: u\nAWS_SECRET_ACCESS_KEY: \"<encoded:aw==>\"\nNSXT_PASSWORD:\nAVI_PASSWORD: <encoded:eA==>\nMY_PASSWORD: z\n"
	got := edited(t, before, func(d *config.Document) error { return d.EncodeSecrets(tables()) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p := load(t, got).Secret("VSPHERE_PASSWORD").Reveal(); p != "p4ss" {
		t.Errorf("reads back as %q", p)
	}
	if again := edited(t, got, func(d *config.Document) error { return d.EncodeSecrets(tables()) }); again != got {
		t.Error("encoding twice changes the file again")
	}
}

func TestEnsureFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "config.yaml")
	if err := config.EnsureFile(file); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.WriteFile(file, []byte("A: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := config.EnsureFile(file); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(file); string(data) != "A: 1\n" {
		t.Error("an existing file was overwritten")
	}
}

func TestEditWritesSafely(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "real", "config.yaml"), filepath.Join(dir, "config.yaml")
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("real", "config.yaml"), link); err != nil {
		t.Fatal(err)
	}
	set := func(d *config.Document) error { return d.Set("CNI", "none") }
	if err := config.Edit(t.Context(), link, set); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v %v", info, err)
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if data, _ := os.ReadFile(target); !strings.HasSuffix(string(data), "\nCNI: none\n") {
		t.Errorf("got %q", data)
	}
	failing := errors.New("no")
	err := config.Edit(t.Context(), link, func(d *config.Document) error { return errors.Join(d.Set("CNI", "antrea"), failing) })
	if !errors.Is(err, failing) {
		t.Errorf("got %v", err)
	}
	if data, _ := os.ReadFile(target); !strings.Contains(string(data), "CNI: none") {
		t.Error("an edit with an error was written")
	}
	left, err := filepath.Glob(filepath.Join(dir, "real", ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestEditsDoNotLoseEachOther(t *testing.T) {
	file := write(t, "")
	const writers = 12
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			err := config.Edit(t.Context(), file, func(d *config.Document) error { return d.Set(fmt.Sprintf("K%d", i), "v") })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	data, err := os.ReadFile(file)
	if err != nil || bytes.Count(data, []byte("\n")) != writers {
		t.Errorf("%v: %s", err, data)
	}
}

func TestEditWaitsForTheLockOnlySoLong(t *testing.T) {
	file := write(t, "")
	inside, done := make(chan struct{}), make(chan struct{})
	go func() {
		_ = config.Edit(context.Background(), file, func(*config.Document) error {
			close(inside)
			<-done
			return nil
		})
	}()
	<-inside
	defer close(done)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := config.Edit(ctx, file, func(*config.Document) error { return nil })
	if uerr.ExitCode(err) != uerr.TimedOut {
		t.Errorf("got %v", err)
	}
}
