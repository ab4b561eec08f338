package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/slipway-sh/slipway/internal/secret"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// explain sorts the error of a call into what a person can do about it. The context's own end is passed on as it is.
func (c *cloud) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("subscription %s: %w", c.subscription, context.Cause(ctx))
	}
	e := preflight.NewCallError(keySubscription, "Azure subscription "+c.subscription)
	e.Cause = errors.New(c.scrub(lastCause(err)))
	var refused *azcore.ResponseError
	switch answered := errors.As(err, &refused); {
	case rejected(err):
		e.Code, e.Key = uerr.Credentials, c.source.key
		e.What = "Azure refuses the credentials"
		e.Next = c.howToLogIn()
	case answered && refused.StatusCode == http.StatusForbidden:
		e.Code, e.Key = uerr.Credentials, keyClient
		e.What = "Azure denies permission"
		e.Next = "give the application the role Contributor in the subscription, or use other credentials"
	case answered && refused.StatusCode == http.StatusTooManyRequests:
		e.What = "Azure takes no more requests of this subscription for now"
		e.Next = "wait a minute and type the same command again"
	case answered:
		e.What = "Azure did not do as asked"
		e.Next = "type the same command again"
	case unreachable(err):
		e.Silent = preflight.TimedOut(err)
		e.What = "Azure cannot be reached"
		e.Next = "check the network, and HTTPS_PROXY and NO_PROXY in the environment"
	default:
		e.What = "Azure gave no answer that can be read"
		e.Next = "check HTTPS_PROXY in the environment, and type the same command again"
	}
	return e
}

func (c *cloud) howToLogIn() string {
	if c.source.data == nil {
		return "log in with: az login --tenant " + c.tenant + "; or set " + keyClient + " and " + keySecret
	}
	return "check " + keyTenant + ", " + keyClient + " and " + c.source.key
}

// rejected is a login that did not work, or a token that Azure does not take.
func rejected(err error) bool {
	var login *azidentity.AuthenticationFailedError
	var refused *azcore.ResponseError
	return errors.As(err, &login) && !unreachable(err) || strings.Contains(err.Error(), "CredentialUnavailable") || strings.HasPrefix(err.Error(), "AzureCLICredential") ||
		errors.As(err, &refused) && refused.StatusCode == http.StatusUnauthorized
}

// unreachable is any failure below HTTP: names, routes, proxies, time-outs.
func unreachable(err error) bool {
	var address *url.Error
	var network *net.OpError
	return errors.As(err, &address) || errors.As(err, &network)
}

// codeOf is the code of Azure's answer; empty when there was none.
func codeOf(err error) string {
	var refused *azcore.ResponseError
	if errors.As(err, &refused) {
		return refused.ErrorCode
	}
	return ""
}

func notFound(err error) bool {
	var refused *azcore.ResponseError
	return errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound
}

func denied(err error) bool {
	var refused *azcore.ResponseError
	return errors.As(err, &refused) && refused.StatusCode == http.StatusForbidden
}

// lastCause leaves out the SDK's layers: request, headers, the body as a block of JSON.
func lastCause(err error) string {
	var login *azidentity.AuthenticationFailedError
	if errors.As(err, &login) && login.RawResponse != nil {
		if text := messageOf(login.RawResponse); text != "" {
			return text
		}
	}
	var refused *azcore.ResponseError
	if errors.As(err, &refused) {
		if text := messageOf(refused.RawResponse); text != "" {
			return text
		}
		return fmt.Sprintf("HTTP status %d %s", refused.StatusCode, refused.ErrorCode)
	}
	var address *url.Error
	if errors.As(err, &address) {
		return address.Err.Error()
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

// messageOf reads the words of an answer: Resource Manager's, a failed operation's, or Entra ID's, whose trace follows
// its first sentence.
func messageOf(answer *http.Response) string {
	if answer == nil {
		return ""
	}
	raw, err := runtime.Payload(answer)
	if err != nil {
		return ""
	}
	var words struct {
		Error       json.RawMessage
		Code        string
		Message     string
		Description string `json:"error_description"`
	}
	if json.Unmarshal(raw, &words) != nil {
		return ""
	}
	if words.Description != "" {
		text, _, _ := strings.Cut(words.Description, " Trace ID:")
		return text
	}
	if len(words.Error) > 0 {
		_ = json.Unmarshal(words.Error, &words) // what is no object leaves the words empty
	}
	return strings.TrimPrefix(words.Code+": "+words.Message, ": ")
}

// scrub takes the credentials out of a text: Azure quotes who asks.
func (c *cloud) scrub(text string) string {
	return secret.Scrub(text, c.config.Secret(keySecret), c.config.Secret(keyCertificatePassword), c.config.Secret(keyClient))
}
