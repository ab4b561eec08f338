package azure

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// tokenLife is how long a token is good, as Entra ID gives it to applications.
const tokenLife = time.Hour

// What calls of the login host are named in the log.
const (
	actionDiscovery = "discovery"
	actionOpenID    = "openid-configuration"
	actionToken     = "token"
)

// token is what is known of one that was given.
type token struct {
	object  string // who holds it
	expires time.Time
}

// login answers the calls of the login host: what the identity libraries ask before a token, and the token.
func (c *Cloud) login(w http.ResponseWriter, r *http.Request, body []byte) {
	tenant, _, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	switch loginAction(r) {
	case actionDiscovery:
		writeJSON(w, http.StatusOK, discovery())
	case actionOpenID:
		if !c.serves(tenant) {
			c.tenantMissing(tenant).write(w, c.now())
			return
		}
		writeJSON(w, http.StatusOK, openid(c.inventory.Tenant))
	case actionToken:
		c.grant(w, tenant, body)
	default:
		http.NotFound(w, r)
	}
}

// loginAction names a call of the login host; it is empty for one that is not known.
func loginAction(r *http.Request) string {
	_, rest, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	switch r.Method + " " + rest {
	case "GET discovery/instance":
		return actionDiscovery
	case "GET v2.0/.well-known/openid-configuration", "GET .well-known/openid-configuration":
		return actionOpenID
	case "POST oauth2/v2.0/token", "POST oauth2/token":
		return actionToken
	}
	return ""
}

func discovery() object {
	return object{
		"tenant_discovery_endpoint": "https://" + HostLogin + "/common/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []object{{
			"preferred_network": HostLogin, "preferred_cache": "login.windows.net",
			"aliases": []string{HostLogin, "login.windows.net", "login.microsoft.com", "sts.windows.net"},
		}},
	}
}

func openid(tenant string) object {
	base := "https://" + HostLogin + "/" + tenant
	return object{
		"issuer": base + "/v2.0", "token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint": base + "/oauth2/v2.0/devicecode", "jwks_uri": base + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"response_types_supported":              []string{"code", "id_token"}, "subject_types_supported": []string{"pairwise"},
		"scopes_supported": []string{"openid"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		"tenant_region_scope": "EU", "cloud_instance_name": "microsoftonline.com",
	}
}

// denial is an error in the words of Entra ID.
type denial struct {
	status      int
	code        string // "invalid_client"
	number      int    // behind AADSTS
	description string
}

func (d *denial) write(w http.ResponseWriter, now time.Time) {
	trace := guid()
	stamp := now.UTC().Format("2006-01-02 15:04:05Z")
	writeJSON(w, d.status, object{
		"error": d.code, "error_codes": []int{d.number}, "timestamp": stamp, "trace_id": trace, "correlation_id": trace,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", d.number, d.description, trace, trace, stamp),
		"error_uri":         fmt.Sprintf("https://%s/error?code=%d", HostLogin, d.number),
	})
}

func (c *Cloud) serves(tenant string) bool {
	return same(tenant, c.inventory.Tenant) || same(tenant, "common") || same(tenant, "organizations")
}

func (*Cloud) tenantMissing(tenant string) *denial {
	return &denial{http.StatusBadRequest, "invalid_request", 90002, "Tenant '" + tenant + "' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."}
}

// grant gives a token to who proves to be the inventory's application.
func (c *Cloud) grant(w http.ResponseWriter, tenant string, body []byte) {
	form, err := url.ParseQuery(string(body))
	var denied *denial
	switch {
	case err != nil || form.Get("grant_type") != "client_credentials":
		denied = &denial{http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '" + form.Get("grant_type") + "'."}
	case c.faults[actionToken] > 0:
		c.faults[actionToken]--
		denied = &denial{http.StatusServiceUnavailable, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again."}
	case !same(tenant, c.inventory.Tenant):
		denied = c.tenantMissing(tenant)
	case !forManagement(form):
		denied = &denial{http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named " + form.Get("scope") + form.Get("resource") + " was not found in the tenant."}
	default:
		denied = c.prove(form)
	}
	if denied != nil {
		denied.write(w, c.now())
		return
	}
	issued := c.issue()
	writeJSON(w, http.StatusOK, object{
		"token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "ext_expires_in": int(tokenLife.Seconds()), "access_token": issued,
	})
}

// forManagement says whether a token for Azure Resource Manager is asked; there is nothing else to ask here.
func forManagement(form url.Values) bool {
	for _, audience := range []string{form.Get("scope"), form.Get("resource")} {
		if strings.HasPrefix(audience, "https://"+HostManagement) || strings.HasPrefix(audience, "https://management.core.windows.net") {
			return true
		}
	}
	return false
}

// prove checks a client secret, or what is given instead of one.
func (c *Cloud) prove(form url.Values) *denial {
	client, secret := form.Get("client_id"), form.Get("client_secret")
	switch {
	case c.inventory.Client == "":
		return nil
	case !same(client, c.inventory.Client):
		return &denial{http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '" + client + "' was not found in the directory '" + c.inventory.Tenant + "'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."}
	case form.Has("client_assertion"):
		return c.proveByAssertion(form)
	case secret == "":
		return &denial{http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	case secret != c.inventory.Secret:
		return &denial{http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '" + client + "'."}
	}
	return nil
}

// issue makes a token whose claims say who holds it, as programs read them; it is known by itself and not by a signature.
func (c *Cloud) issue() string {
	now := c.now()
	encode := func(part object) string {
		raw, _ := json.Marshal(part) // of texts and numbers: no error
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	jwt := encode(object{"typ": "JWT", "alg": "RS256"}) + "." + encode(object{
		"aud": "https://" + HostManagement, "iss": "https://sts.windows.net/" + c.inventory.Tenant + "/", "tid": c.inventory.Tenant,
		"appid": c.inventory.Client, "oid": c.inventory.Object, "sub": c.inventory.Object, "idtyp": "app", "ver": "1.0",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(tokenLife).Unix(),
	}) + "." + base64.RawURLEncoding.EncodeToString([]byte(guid()))
	c.tokens[jwt] = token{object: c.inventory.Object, expires: now.Add(tokenLife)}
	return jwt
}

// authenticate tells who makes a call of Azure Resource Manager, by the token that it carries.
func (c *Cloud) authenticate(r *http.Request) (string, *refusal) {
	bearer, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found {
		return "", refuse(http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
	}
	known, given := c.tokens[bearer]
	if !given {
		return "", refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid.")
	}
	if !c.now().Before(known.expires) {
		return "", refuse(http.StatusUnauthorized, "ExpiredAuthenticationToken", "The access token expiry UTC time '%s' is earlier than current UTC time '%s'.",
			known.expires.UTC().Format(time.RFC3339), c.now().UTC().Format(time.RFC3339))
	}
	return known.object, nil
}
