package aws

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slipway-sh/slipway/internal/secret"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
)

func encoded(lines ...string) string {
	return base64.StdEncoding.EncodeToString([]byte("[default]\n" + strings.Join(lines, "\n") + "\n"))
}

// management is a request without machines, for which Values asks nothing of AWS.
func management(t *testing.T, settings map[string]string) providers.Request {
	t.Helper()
	return providers.Request{Config: load(t, settings)}
}

// writeProfiles puts profiles where the SDK looks for them; isolate pointed it away from this machine's own.
func writeProfiles(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const profiles = `[default]
aws_access_key_id = CHAIN
aws_secret_access_key = of-the-chain

[ci]
aws_access_key_id = PROFILE
aws_secret_access_key = of-the-profile
aws_session_token = token-of-the-profile
`

func TestCredentialsInOrder(t *testing.T) {
	for name, x := range map[string]struct {
		settings map[string]string
		want     string
	}{
		"keys": {map[string]string{
			"AWS_ACCESS_KEY_ID": "KEYS", "AWS_SECRET_ACCESS_KEY": "of-the-keys", "AWS_SESSION_TOKEN": "token", "AWS_PROFILE": "ci",
			"AWS_B64ENCODED_CREDENTIALS": encoded("aws_access_key_id = FILE", "aws_secret_access_key = of-the-file"),
		}, "KEYS of-the-keys token"},
		"keys as TKG encodes them": {map[string]string{
			"AWS_ACCESS_KEY_ID": secret.Encode("KEYS"), "AWS_SECRET_ACCESS_KEY": secret.Encode("of-the-keys"),
		}, "KEYS of-the-keys "},
		"profile": {map[string]string{
			"AWS_PROFILE": "ci", "AWS_B64ENCODED_CREDENTIALS": encoded("aws_access_key_id = FILE", "aws_secret_access_key = of-the-file"),
		}, "PROFILE of-the-profile token-of-the-profile"},
		"encoded file": {map[string]string{
			"AWS_B64ENCODED_CREDENTIALS": encoded("aws_access_key_id = FILE", "aws_secret_access_key=of=the=file", "aws_session_token = t", "[other]", "aws_access_key_id = OTHER"),
		}, "FILE of=the=file t"},
		"chain": {nil, "CHAIN of-the-chain "},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			writeProfiles(t, profiles)
			settings := map[string]string{"AWS_REGION": labRegion}
			for k, v := range x.settings {
				settings[k] = v
			}
			values, err := New(Options{}).Values(t.Context(), management(t, settings))
			if err != nil {
				t.Fatal(err)
			}
			if values.Variables != nil || values.Pools != nil || values.Credentials != nil {
				t.Errorf("a request without machines got more than the controller's credentials: %v", values)
			}
			found, err := parseEncoded(values.Controller.Variables["AWS_B64ENCODED_CREDENTIALS"])
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join([]string{found["aws_access_key_id"], found["aws_secret_access_key"], found["aws_session_token"]}, " ")
			if got != x.want || found["region"] != labRegion {
				t.Errorf("%s in %s, not %s", got, found["region"], x.want)
			}
		})
	}
}

func TestRegionOfTheEncodedFile(t *testing.T) {
	isolate(t)
	settings := map[string]string{"AWS_B64ENCODED_CREDENTIALS": encoded("aws_access_key_id = FILE", "aws_secret_access_key = x", "region = eu-west-3")}
	values, err := New(Options{}).Values(t.Context(), management(t, settings))
	if err != nil {
		t.Fatal(err)
	}
	if found, err := parseEncoded(values.Controller.Variables["AWS_B64ENCODED_CREDENTIALS"]); err != nil || found["region"] != "eu-west-3" {
		t.Errorf("%v %v", found["region"], err)
	}
}

func TestCredentialsThatCannotBeHad(t *testing.T) {
	for name, x := range map[string]struct {
		settings      map[string]string
		where, wanted string
		code          uerr.Code
	}{
		"half a key":        {map[string]string{"AWS_ACCESS_KEY_ID": "KEYS"}, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY is not", uerr.Usage},
		"no such profile":   {map[string]string{"AWS_PROFILE": "nobody"}, "AWS_PROFILE", "profile nobody is in neither", uerr.Credentials},
		"not base64":        {map[string]string{"AWS_B64ENCODED_CREDENTIALS": "hidden!"}, "AWS_B64ENCODED_CREDENTIALS", "is not base64", uerr.Usage},
		"no file in it":     {map[string]string{"AWS_B64ENCODED_CREDENTIALS": encoded("hidden")}, "AWS_B64ENCODED_CREDENTIALS", "has no aws_access_key_id", uerr.Usage},
		"nothing anywhere":  {nil, "AWS_PROFILE", "~/.aws has no default profile, and this machine has no role", uerr.Credentials},
		"no region":         {map[string]string{"AWS_REGION": "", "AWS_ACCESS_KEY_ID": "KEYS", "AWS_SECRET_ACCESS_KEY": "hidden"}, "AWS_REGION", "AWS_REGION is not set", uerr.Usage},
		"token of no key":   {map[string]string{"AWS_SESSION_TOKEN": "hidden"}, "AWS_PROFILE", "no credentials were found", uerr.Credentials},
		"profile of no key": {map[string]string{"AWS_PROFILE": "empty"}, "AWS_PROFILE", "no credentials were found", uerr.Credentials},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			writeProfiles(t, "[empty]\nregion = eu-west-1\n")
			settings := map[string]string{"AWS_REGION": labRegion}
			for k, v := range x.settings {
				settings[k] = v
			}
			for call, err := range map[string]error{"Values": valuesError(t, settings), "Preflight": preflightError(t, settings)} {
				var findings uerr.Findings
				if !errors.As(err, &findings) || len(findings) != 1 {
					t.Fatalf("%s: %v", call, err)
				}
				f := findings[0]
				if !strings.Contains(f.Where, x.where) || !strings.Contains(f.Problem, x.wanted) || f.Next == "" || uerr.ExitCode(err) != x.code {
					t.Errorf("%s: %+v, exit code %d", call, f, uerr.ExitCode(err))
				}
				if strings.Contains(f.Problem+f.Next, "hidden") {
					t.Errorf("%s: a secret shows: %+v", call, f)
				}
			}
		})
	}
}

func valuesError(t *testing.T, settings map[string]string) error {
	_, err := New(Options{}).Values(t.Context(), management(t, settings))
	return err
}

func preflightError(t *testing.T, settings map[string]string) error {
	findings, err := New(Options{}).Preflight(t.Context(), management(t, settings))
	return errors.Join(err, slicesOfRefusals(findings))
}

// slicesOfRefusals leaves out what was not checked because of them.
func slicesOfRefusals(findings uerr.Findings) error {
	var out uerr.Findings
	for _, f := range findings {
		if f.Severity == uerr.Refusal {
			out = append(out, f)
		}
	}
	return out.Err()
}

func TestTemporaryCredentialsAreWarnedOf(t *testing.T) {
	l := newLab(t)
	findings := l.preflight(l.request(map[string]string{"AWS_SESSION_TOKEN": "lab-token"}))
	expect(t, "warning", warnings(findings), "are temporary, and the controllers stop when they end")
	program := filepath.Join(t.TempDir(), "login")
	script := "#!/bin/sh\necho '" + `{"Version":1,"AccessKeyId":"A","SecretAccessKey":"B","SessionToken":"C","Expiration":"2099-01-02T03:04:05Z"}` + "'\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil { //nolint:gosec // the SDK runs it
		t.Fatal(err)
	}
	writeProfiles(t, "[ci]\ncredential_process = "+program+"\n")
	findings = l.preflight(l.request(map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "ci"}))
	expect(t, "warning", warnings(findings), "end at 2099-01-02T03:04:05Z")
}

func TestRequestsBackOffAdaptively(t *testing.T) {
	isolate(t)
	opened, err := New(Options{}).open(t.Context(), load(t, map[string]string{
		"AWS_REGION": labRegion, "AWS_ACCESS_KEY_ID": labID, "AWS_SECRET_ACCESS_KEY": labSecret,
	}))
	if err != nil {
		t.Fatal(err)
	}
	if opened.config.RetryMode != sdk.RetryModeAdaptive || opened.config.RetryMaxAttempts != attempts {
		t.Errorf("%s, %d attempts", opened.config.RetryMode, opened.config.RetryMaxAttempts)
	}
}

func FuzzParseEncoded(f *testing.F) {
	f.Add(encoded("aws_access_key_id = FILE", "aws_secret_access_key = x"))
	f.Add("%%%")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseEncoded(text)
		if err == nil && (values["aws_access_key_id"] == "" || values["aws_secret_access_key"] == "") {
			t.Errorf("%q gave no credentials and no error", text)
		}
	})
}
