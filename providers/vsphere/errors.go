package vsphere

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html"
	"net"
	"net/url"

	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/secret"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// explain sorts an error of the connection or of a call into what a person can do about it. The context's own end is
// passed on as it is.
func (t target) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("vCenter %s: %w", t.url.Host, context.Cause(ctx))
	}
	e := preflight.NewCallError(keyServer, "vCenter "+t.url.Host)
	switch {
	case t.explainCertificate(err, e), t.explainFault(err, e):
	case unreachable(err):
		e.Silent = preflight.TimedOut(err)
		e.What = "vCenter cannot be reached"
		e.Next = "check that " + keyServer + " names a vCenter, the network, and HTTPS_PROXY and NO_PROXY in the environment"
	default:
		e.What = "vCenter did not do as asked"
		e.Next = "check that " + keyServer + " names a vCenter, and look at its log"
	}
	if e.Cause == nil {
		e.Cause = errors.New(t.scrub(err.Error()))
	}
	return e
}

func (t target) explainCertificate(err error, e *preflight.CallError) bool {
	var pinned *thumbprintError
	if errors.As(err, &pinned) {
		e.What, e.Cause, e.Key = "vCenter's certificate is not the pinned one", pinned, keyThumbprint
		e.Next = fmt.Sprintf("if the certificate was renewed, compare with vCenter's own and set %s to %q", keyThumbprint, pinned.seen)
		return true
	}
	var refused *tls.CertificateVerificationError
	if !errors.As(err, &refused) {
		return false
	}
	e.What, e.Key = "vCenter's certificate is not trusted", keyThumbprint
	seen := soap.ThumbprintSHA256(refused.UnverifiedCertificates[0])
	e.Cause = fmt.Errorf("%w; its thumbprint is %s", refused.Err, seen)
	e.Next = fmt.Sprintf("compare with vCenter's own certificate and set %s to %q; %s: true skips the check altogether",
		keyThumbprint, seen, keyInsecure)
	return true
}

func (t target) explainFault(err error, e *preflight.CallError) bool {
	var login *types.InvalidLogin
	if _, ok := fault.As(err, &login); ok {
		e.Code, e.Key = uerr.Credentials, keyPassword
		e.What, e.Cause = "vCenter refuses the user name or the password", fmt.Errorf("user %s", t.username)
		e.Next = "check " + keyUsername + " and " + keyPassword
		return true
	}
	var denied *types.NoPermission
	if _, ok := fault.As(err, &denied); ok {
		e.Code, e.Key = uerr.Credentials, keyUsername
		e.What = "vCenter denies permission to user " + t.username
		e.Cause = fmt.Errorf("privilege %s is missing", denied.PrivilegeId)
		e.Next = "grant the privilege to the user, or set " + keyUsername + " to one that has it"
		return true
	}
	return false
}

// unreachable is any failure below the SOAP protocol: names, routes, proxies, time-outs, a server of another kind.
func unreachable(err error) bool {
	var request *url.Error
	var network *net.OpError
	return errors.As(err, &request) || errors.As(err, &network)
}

// scrub takes the password out of a text, however a URL or XML may have spelled it.
func (t target) scrub(text string) string {
	plain := t.password.Reveal()
	return secret.Scrub(text, t.password, secret.New(url.QueryEscape(plain)), secret.New(url.PathEscape(plain)),
		secret.New(html.EscapeString(plain)))
}
