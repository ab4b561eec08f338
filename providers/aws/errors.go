package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/slipway-sh/slipway/internal/secret"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// explain sorts the error of a call into what a person can do about it. The context's own end is passed on as it is.
func (c *cloud) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("AWS region %s: %w", c.region, context.Cause(ctx))
	}
	e := preflight.NewCallError(keyRegion, "AWS region "+c.region)
	e.Cause = errors.New(c.scrub(lastCause(err)))
	switch code := codeOf(err); {
	case slices.Contains(unknownCallers(), code), forbidden(err):
		e.Code, e.Key = uerr.Credentials, c.key
		e.What = "AWS refuses the credentials"
		e.Next = "check " + keyAccessKey + ", " + keySecretKey + " and " + keyToken + ", or " + keyProfile
	case slices.Contains(deniedCodes(), code):
		e.Code, e.Key = uerr.Credentials, c.key
		e.What = "AWS denies permission"
		e.Next = "grant the permission to the user or role, or use other credentials"
	case slices.Contains(throttledCodes(), code):
		e.What = "AWS takes no more requests from this account for now"
		e.Next = "wait a minute and type the same command again"
	case code != "":
		e.What = "AWS did not do as asked"
		e.Next = "type the same command again"
	case unreachable(err):
		e.Silent = preflight.TimedOut(err)
		e.What = "AWS cannot be reached"
		e.Next = "check that " + keyRegion + " names a region, the network, and HTTPS_PROXY and NO_PROXY in the environment"
	default:
		e.What = "AWS gave no answer that can be read"
		e.Next = "check HTTPS_PROXY in the environment, and type the same command again"
	}
	return e
}

// unknownCallers are the codes for credentials that AWS does not know, or no longer; each service has its own.
func unknownCallers() []string {
	return []string{"InvalidClientTokenId", "SignatureDoesNotMatch", "AuthFailure", "UnrecognizedClientException", "IncompleteSignature",
		"InvalidAccessKeyId", "ExpiredToken", "ExpiredTokenException", "RequestExpired", "MissingAuthenticationToken"}
}

func deniedCodes() []string {
	return []string{"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "Blocked", "OptInRequired"}
}

func throttledCodes() []string {
	return []string{"RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"}
}

// codeOf is the code of AWS's answer; empty when there was none.
func codeOf(err error) string {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode()
	}
	return ""
}

// forbidden is a refusal that bears no code that can be read, as some gateways and emulators word it.
func forbidden(err error) bool {
	var answer *smithyhttp.ResponseError
	code := codeOf(err)
	return (code == "" || code == "UnknownError") && errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusForbidden
}

func denied(err error) bool { return slices.Contains(deniedCodes(), codeOf(err)) }

// unreachable is any failure below HTTP: names, routes, proxies, time-outs.
func unreachable(err error) bool {
	var request *smithyhttp.RequestSendError
	var address *url.Error
	var network *net.OpError
	return errors.As(err, &request) || errors.As(err, &address) || errors.As(err, &network)
}

// lastCause leaves out the SDK's layers: operation, attempts, request id.
func lastCause(err error) string {
	var answer smithy.APIError
	if errors.As(err, &answer) && answer.ErrorCode() != "UnknownError" {
		return answer.ErrorCode() + ": " + answer.ErrorMessage()
	}
	var status *smithyhttp.ResponseError
	if errors.As(err, &status) && status.HTTPStatusCode() >= http.StatusBadRequest {
		return fmt.Sprintf("HTTP status %d", status.HTTPStatusCode())
	}
	var send *smithyhttp.RequestSendError
	if errors.As(err, &send) {
		return send.Err.Error()
	}
	return err.Error()
}

// scrub takes the credentials out of a text: AWS quotes what was signed, and a proxy may quote a header.
func (c *cloud) scrub(text string) string {
	return secret.Scrub(text, secret.New(c.credentials.SecretAccessKey), secret.New(c.credentials.SessionToken),
		secret.New(url.QueryEscape(c.credentials.SessionToken)), secret.New(c.credentials.AccessKeyID))
}
