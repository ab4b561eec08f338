package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// write makes a config.yaml in a folder of its own.
func write(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func load(t testing.TB, text string) *config.Config {
	t.Helper()
	c, err := config.Load(config.Options{File: write(t, text), Tables: tables()})
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return c
}

func TestPrecedence(t *testing.T) {
	const key = "VSPHERE_NETWORK"
	file := write(t, "A_LINE: 1\nVSPHERE_NETWORK: from-file\n")
	flag := map[string]string{key: "from-flag"}
	env := []string{key + "=from-env"}
	plan := map[string]string{key: "from-plan"}
	cases := map[string]struct {
		flags map[string]string
		env   []string
		file  string
		plan  map[string]string
		want  string
		from  config.Origin
	}{
		"flag over all":         {flag, env, file, plan, "from-flag", config.Origin{Source: config.SourceFlag, Where: "--network"}},
		"environment over file": {nil, env, file, plan, "from-env", config.Origin{Source: config.SourceEnvironment, Where: "$VSPHERE_NETWORK"}},
		"file over plan":        {nil, nil, file, plan, "from-file", config.Origin{Source: config.SourceFile, Where: file + ":2"}},
		"plan over default":     {nil, nil, "", plan, "from-plan", config.Origin{Source: config.SourcePlan, Where: "plan prod"}},
		"default":               {nil, nil, "", nil, "VM Network", config.Origin{Source: config.SourceDefault, Where: "default"}},
		"empty flag is no flag": {map[string]string{key: ""}, env, "", nil, "from-env", config.Origin{Source: config.SourceEnvironment, Where: "$VSPHERE_NETWORK"}},
		"empty environment is unset": {nil, []string{key + "="}, file, nil, "from-file",
			config.Origin{Source: config.SourceFile, Where: file + ":2"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c, err := config.Load(config.Options{
				File: tc.file, Home: t.TempDir(), Tables: tables(), Flags: tc.flags,
				FlagNames: map[string]string{key: "--network"}, Environ: tc.env,
			})
			if err != nil {
				t.Fatal(err)
			}
			if tc.plan != nil {
				c = c.WithPlan("dev", map[string]string{key: "replaced"}).WithPlan("prod", tc.plan)
			}
			if got := c.String(key); got != tc.want {
				t.Errorf("value %q, want %q", got, tc.want)
			}
			if diff := cmp.Diff(tc.from, c.Origin(key)); diff != "" {
				t.Errorf("origin (-want +got):\n%s", diff)
			}
			if set := tc.from.Source != config.SourceDefault; c.IsSet(key) != set {
				t.Errorf("IsSet is %v", !set)
			}
		})
	}
}

func TestValuesKeepTheirText(t *testing.T) {
	c := load(t, `VSPHERE_USERNAME: "0123"
VSPHERE_FOLDER: 0123
OS_VERSION: 20.10
VSPHERE_DATASTORE: '1e3'
vsphere_network: lower # TKG's reader did not mind
VSPHERE_PASSWORD: <encoded:c2VjcmV0IQ==>
WORKER_MACHINE_COUNT: "7"
MACHINE_HEALTH_CHECK_ENABLED: no
NODE_STARTUP_TIMEOUT: 1h30m
VSPHERE_TEMPLATE: ""
VSPHERE_REGION:
VSPHERE_ZONE: ~
`)
	for key, want := range map[string]string{
		"VSPHERE_USERNAME": "0123", "VSPHERE_FOLDER": "0123", "OS_VERSION": "20.10", "VSPHERE_DATASTORE": "1e3",
		"VSPHERE_NETWORK": "lower", "VSPHERE_TEMPLATE": "", "VSPHERE_REGION": "", "VSPHERE_ZONE": "", "NO_SUCH": "",
		"VSPHERE_PASSWORD": "<redacted>", "MACHINE_HEALTH_CHECK_ENABLED": "no",
	} {
		if got := c.String(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if got := c.Secret("VSPHERE_PASSWORD").Reveal(); got != "secret!" {
		t.Errorf("password %q", got)
	}
	if n, err := c.Int("WORKER_MACHINE_COUNT"); n != 7 || err != nil {
		t.Errorf("workers %d, %v", n, err)
	}
	if c.Bool("ENABLE_MHC") {
		t.Error("the old name of ENABLE_MHC was not read")
	}
	if d, err := c.Duration("NODE_STARTUP_TIMEOUT"); d != 90*time.Minute || err != nil {
		t.Errorf("duration %v, %v", d, err)
	}
	if c.IsSet("VSPHERE_TEMPLATE") || c.IsSet("VSPHERE_ZONE") {
		t.Error("an empty value counts as set")
	}
}

func TestAliasNeverHidesItsName(t *testing.T) {
	c := load(t, "MACHINE_HEALTH_CHECK_ENABLED: false\nENABLE_MHC: true\n")
	if !c.Bool("ENABLE_MHC") {
		t.Error("the old name won over the new one in the same file")
	}
	c, err := config.Load(config.Options{File: write(t, "ENABLE_MHC: true\n"), Environ: []string{"MACHINE_HEALTH_CHECK_ENABLED=false"}})
	if err != nil || c.Bool("ENABLE_MHC") {
		t.Errorf("the old name in the environment did not win over the file: %v", err)
	}
}

func TestTypedAccessNamesTheOrigin(t *testing.T) {
	c := load(t, "WORKER_MACHINE_COUNT: many\nNODE_STARTUP_TIMEOUT: 20\n")
	_, err := c.Int("WORKER_MACHINE_COUNT")
	if want := c.Path() + ":1"; err == nil || !strings.Contains(err.Error(), want) || uerr.ExitCode(err) != uerr.Usage {
		t.Errorf("want an error of usage that names %s, got %v", want, err)
	}
	if _, err = c.Duration("NODE_STARTUP_TIMEOUT"); err == nil {
		t.Error("a duration without a unit was taken")
	}
	if n, err := c.Int("WORKER_MACHINE_COUNT_0"); n != 0 || err != nil {
		t.Errorf("a count without a value: %d, %v", n, err)
	}
}

func TestFindFile(t *testing.T) {
	root := t.TempDir()
	user, slipway := filepath.Join(root, "user"), filepath.Join(root, "slipway")
	tkgFile, ownFile := filepath.Join(user, ".tkg", "config.yaml"), filepath.Join(slipway, "config.yaml")
	cases := map[string]struct {
		files []string
		o     config.Options
		env   []string
		want  string
	}{
		"nothing there":            {nil, config.Options{}, nil, ownFile},
		"nothing there, as tkg":    {nil, config.Options{InvokedAs: "tkg"}, nil, tkgFile},
		"only TKG's":               {[]string{tkgFile}, config.Options{}, nil, tkgFile},
		"both":                     {[]string{tkgFile, ownFile}, config.Options{InvokedAs: "slipway"}, nil, ownFile},
		"both, as tkg":             {[]string{tkgFile, ownFile}, config.Options{InvokedAs: "tkg"}, nil, tkgFile},
		"only ours, as tkg":        {[]string{ownFile}, config.Options{InvokedAs: "tkg"}, nil, ownFile},
		"TKG_CONFIG":               {[]string{ownFile}, config.Options{}, []string{"TKG_CONFIG=/x/y.yaml"}, "/x/y.yaml"},
		"--config over TKG_CONFIG": {[]string{ownFile}, config.Options{File: "/a.yaml"}, []string{"TKG_CONFIG=/x/y.yaml"}, "/a.yaml"},
		"--config with ~":          {nil, config.Options{File: "~/a.yaml"}, nil, filepath.Join(user, "a.yaml")},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			for _, f := range tc.files {
				if err := config.EnsureFile(f); err != nil {
					t.Fatal(err)
				}
			}
			defer func() { _, _ = os.RemoveAll(user), os.RemoveAll(slipway) }()
			tc.o.Home, tc.o.Environ = slipway, append(tc.env, "HOME="+user)
			if got := config.FindFile(tc.o); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	t.Run("home from the environment", func(t *testing.T) {
		if got := config.FindFile(config.Options{Environ: []string{"SLIPWAY_HOME=/s", "HOME=/h"}}); got != "/s/config.yaml" {
			t.Error(got)
		}
		if got := config.FindFile(config.Options{Environ: []string{"HOME=/h"}}); got != "/h/.slipway/config.yaml" {
			t.Error(got)
		}
	})
}

func TestLoadRefuses(t *testing.T) {
	cases := map[string]struct{ text, line, problem string }{
		"a bad indent":        {"A: 1\n  B: 2\n", ":2", "not valid YAML"},
		"a list":              {"- a\n", ":1", "not a list of settings"},
		"a word":              {"\n\nhello\n", ":3", "not a list of settings"},
		"two documents":       {"CNI: none\n---\nCNI: antrea\n", ":2", "second YAML document"},
		"a tab":               {"CNI: none\n\tX: y\n", ":2", "not valid YAML"},
		"an unquoted star":    {"VSPHERE_PASSWORD: *topsecret\n", ":1", "starts with * or &"},
		"an unquoted percent": {"VSPHERE_PASSWORD: %topsecret\n", ":1", "not valid YAML"},
		"an unclosed quote":   {"VSPHERE_PASSWORD: 'topsecret\nCNI: none\n", ":1", "not valid YAML"},
		"a late star":         {"CNI: none\nOS_NAME: |\n  a *b\n\nVSPHERE_PASSWORD: *topsecret\nOS_ARCH: x\n", ":5", "starts with * or &"},
		"behind a long text":  {"OS_NAME: 'a\n b\n c'\nimages: [a,\n b]\nCNI: [\nOS_ARCH: x\n", ":6", "not valid YAML"},
		"no colon":            {"CNI: none\nOS_NAME ubuntu\nOS_ARCH: x\n", ":2", "not valid YAML"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := write(t, tc.text)
			c, err := config.Load(config.Options{File: file, Environ: []string{"CNI=calico"}})
			if err == nil || !strings.Contains(err.Error(), tc.problem) || !strings.Contains(err.Error(), file+tc.line) {
				t.Fatalf("want %q at %s, got %v", tc.problem, tc.line, err)
			}
			if strings.Contains(err.Error(), "topsecret") {
				t.Errorf("the message shows the value: %v", err)
			}
			if uerr.ExitCode(err) != uerr.Usage {
				t.Errorf("exit code %d", uerr.ExitCode(err))
			}
			if c == nil || c.String("CNI") != "calico" {
				t.Error("the rest of the configuration is not usable")
			}
			if len(c.Validate("")) == 0 {
				t.Error("Validate does not repeat the finding")
			}
		})
	}
	t.Run("a file that was named and is not there", func(t *testing.T) {
		_, err := config.Load(config.Options{File: filepath.Join(t.TempDir(), "none.yaml")})
		if uerr.ExitCode(err) != uerr.NotFound {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no file at all", func(t *testing.T) {
		if _, err := config.Load(config.Options{Home: t.TempDir()}); err != nil {
			t.Error(err)
		}
	})
}

func TestSecretsNeverShow(t *testing.T) {
	const hidden = "hunter2"
	c, err := config.Load(config.Options{
		File:   write(t, "VSPHERE_PASSWORD: "+hidden+"\nAWS_SESSION_TOKEN: ["+hidden+"]\nTKG_HTTP_PROXY: ftp://u:"+hidden+"@p\n"),
		Tables: tables(), Flags: map[string]string{"AZURE_CLIENT_SECRET": hidden},
		Environ: []string{"AWS_SECRET_ACCESS_KEY=" + hidden, "VSPHERE_SSH_AUTHORIZED_KEY=-----BEGIN OPENSSH PRIVATE KEY----- " + hidden,
			"NSXT_PASSWORD=<encoded:" + hidden},
	})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, v := range c.Variables() {
		if v.Secret {
			fmt.Fprintln(&out, c.String(v.Name), c.Origin(v.Name), c.Secret(v.Name))
		}
		_, err := c.Int(v.Name)
		fmt.Fprintln(&out, err)
	}
	for _, infrastructure := range []string{"", "vsphere", "aws", "azure", "docker"} {
		for _, f := range c.Validate(infrastructure) {
			fmt.Fprintln(&out, f.Where, f.Problem, f.Next)
		}
	}
	fmt.Fprintf(&out, "%v %+v %#v %s %d", c, c, c, c, c)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "config", c)
	asJSON, err := json.Marshal(map[string]any{"config": c})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asJSON)
	if i := strings.Index(out.String(), hidden); i >= 0 {
		t.Errorf("a secret shows: …%s", out.String()[max(0, i-80):i])
	}
	if got := c.Secret("VSPHERE_PASSWORD").Reveal(); got != hidden {
		t.Error("the secret itself did not arrive")
	}
}
