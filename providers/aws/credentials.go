package aws

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The variables that say who is asking.
const (
	keyAccessKey = "AWS_ACCESS_KEY_ID"
	keySecretKey = "AWS_SECRET_ACCESS_KEY" //nolint:gosec // the name of a variable, not its value
	keyToken     = "AWS_SESSION_TOKEN"     //nolint:gosec // the name of a variable, not its value
	keyProfile   = "AWS_PROFILE"
	keyEncoded   = "AWS_B64ENCODED_CREDENTIALS"
)

// source is where credentials come from: which variable to blame, and how the SDK is told.
type source struct {
	key    string // the variable, or AWS_PROFILE when the SDK's own chain decides
	region string // that the source itself names; empty mostly
	option awsconfig.LoadOptionsFunc
}

// sourceOf picks the source: keys, profile, encoded file, then the SDK's own chain (environment, ~/.aws, web identity,
// the container's and the instance's role).
func sourceOf(c *config.Config) (source, uerr.Findings) {
	id, key := c.Secret(keyAccessKey), c.Secret(keySecretKey)
	switch {
	case id.Empty() != key.Empty():
		missing, there := keySecretKey, keyAccessKey
		if id.Empty() {
			missing, there = there, missing
		}
		return source{}, preflight.Refuse(c, there, there+" is set and "+missing+" is not", "set "+missing+" too")
	case !id.Empty():
		return source{key: keyAccessKey, option: fixed(id.Reveal(), key.Reveal(), c.Secret(keyToken).Reveal())}, nil
	case c.String(keyProfile) != "":
		return source{key: keyProfile, option: func(o *awsconfig.LoadOptions) error {
			o.SharedConfigProfile = c.String(keyProfile)
			return nil
		}}, nil
	case !c.Secret(keyEncoded).Empty():
		f, err := parseEncoded(c.Secret(keyEncoded).Reveal())
		if err != nil {
			return source{}, preflight.Refuse(c, keyEncoded, keyEncoded+" "+err.Error(),
				"set it to the base64 of a credentials file, or take it out and set "+keyAccessKey+" and "+keySecretKey)
		}
		return source{key: keyEncoded, region: f["region"],
			option: fixed(f["aws_access_key_id"], f["aws_secret_access_key"], f["aws_session_token"])}, nil
	default:
		return source{key: keyProfile, option: func(*awsconfig.LoadOptions) error { return nil }}, nil
	}
}

func fixed(id, key, token string) awsconfig.LoadOptionsFunc {
	return func(o *awsconfig.LoadOptions) error {
		o.Credentials = credentials.NewStaticCredentialsProvider(strings.TrimSpace(id), strings.TrimSpace(key), strings.TrimSpace(token))
		return nil
	}
}

// parseEncoded reads the [default] section of a credentials file in base64, as clusterawsadm prints it.
func parseEncoded(text string) (map[string]string, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, errors.New("is not base64")
	}
	section, values := "", map[string]string{}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSpace(strings.TrimSuffix(name, "]"))
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok && section == "default" {
			values[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	for _, key := range []string{"aws_access_key_id", "aws_secret_access_key"} {
		if values[key] == "" {
			return nil, fmt.Errorf("has no %s in its section [default]", key)
		}
	}
	return values, nil
}

// credentialsFile is what the upstream controller reads: a credentials file of one profile, in base64.
func credentialsFile(c sdk.Credentials, region string) string {
	text := "[default]\naws_access_key_id = " + c.AccessKeyID + "\naws_secret_access_key = " + c.SecretAccessKey + "\nregion = " + region + "\n"
	if c.SessionToken != "" {
		text += "aws_session_token = " + c.SessionToken + "\n"
	}
	return base64.StdEncoding.EncodeToString([]byte(text))
}
