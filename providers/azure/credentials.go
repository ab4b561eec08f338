package azure

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// source is where credentials come from: which variable to blame, how the SDK is told, and what the controllers get.
type source struct {
	key   string            // the variable, or AZURE_CLIENT_ID when the login of the az program is used
	data  map[string][]byte // of the Secret, beside the ids; nil for a login of a person, which controllers cannot use
	token func(o azcore.ClientOptions) (azcore.TokenCredential, error)
}

// sourceOf picks the source: client secret, certificate, federated token, then the login of the az program. A
// configuration names one at most.
func sourceOf(c *config.Config) (source, uerr.Findings) {
	var named []string
	for _, key := range []string{keySecret, keyCertificate, keyFederated} {
		if !c.Secret(key).Empty() {
			named = append(named, key)
		}
	}
	switch {
	case len(named) > 1:
		return source{}, preflight.Refuse(c, named[1], named[0]+" and "+named[1]+" are both set", "take one of them out")
	case len(named) == 1 && c.Secret(keyClient).Empty():
		return source{}, preflight.Refuse(c, named[0], named[0]+" is set and "+keyClient+" is not", "set "+keyClient+" too, to the application's id")
	case len(named) == 0:
		return source{key: keyClient, token: loginOfPerson(c)}, nil
	case named[0] == keySecret:
		return source{key: keySecret, token: bySecret(c), data: map[string][]byte{keySecret: []byte(c.Secret(keySecret).Reveal())}}, nil
	case named[0] == keyFederated:
		return source{key: keyFederated, token: byFederation(c), data: map[string][]byte{"AUTH_MODE": []byte("workloadidentity")}}, nil
	}
	return sourceOfCertificate(c)
}

func loginOfPerson(c *config.Config) func(azcore.ClientOptions) (azcore.TokenCredential, error) {
	return func(azcore.ClientOptions) (azcore.TokenCredential, error) {
		login, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: c.String(keyTenant), Subscription: c.String(keySubscription)})
		return &kept{login: login}, err
	}
}

// kept keeps a token while it is good: the az program takes a second to give one, and each client asks for its own.
type kept struct {
	login azcore.TokenCredential
	mu    sync.Mutex
	token azcore.AccessToken
}

// GetToken asks for one when there is none that lasts; every client here asks for the same scope.
func (k *kept) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Until(k.token.ExpiresOn) > 5*time.Minute {
		return k.token, nil
	}
	token, err := k.login.GetToken(ctx, o)
	if err == nil {
		k.token = token
	}
	return token, err
}

func bySecret(c *config.Config) func(azcore.ClientOptions) (azcore.TokenCredential, error) {
	return func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(c.String(keyTenant), c.Secret(keyClient).Reveal(), c.Secret(keySecret).Reveal(),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: o})
	}
}

func byFederation(c *config.Config) func(azcore.ClientOptions) (azcore.TokenCredential, error) {
	return func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: o, TenantID: c.String(keyTenant), ClientID: c.Secret(keyClient).Reveal(), TokenFilePath: c.String(keyFederated),
		})
	}
}

// sourceOfCertificate reads the file, PEM or PKCS#12, with the certificate and its key.
func sourceOfCertificate(c *config.Config) (source, uerr.Findings) {
	file := c.String(keyCertificate)
	refuse := func(problem string) uerr.Findings {
		return preflight.Refuse(c, keyCertificate, keyCertificate+" "+file+" "+problem,
			"set it to a PEM or PKCS#12 file with a certificate and its key, and "+keyCertificatePassword+" if it has a password")
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		var why *os.PathError
		if errors.As(err, &why) {
			err = why.Err
		}
		return source{}, refuse("cannot be read: " + err.Error())
	}
	password := c.Secret(keyCertificatePassword)
	certificates, key, err := azidentity.ParseCertificates(raw, []byte(password.Reveal()))
	if err != nil {
		return source{}, refuse("holds no certificate that can be used: " + err.Error())
	}
	data := map[string][]byte{keyCertificate: raw}
	if !password.Empty() {
		data[keyCertificatePassword] = []byte(password.Reveal())
	}
	return source{key: keyCertificate, data: data, token: func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
		return azidentity.NewClientCertificateCredential(c.String(keyTenant), c.Secret(keyClient).Reveal(), certificates, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: o})
	}}, nil
}

// secretData is the data of the Secret that Azure Service Operator takes as a cluster's credentials.
func (c *cloud) secretData() map[string][]byte {
	if c.source.data == nil {
		return nil
	}
	data := map[string][]byte{
		keySubscription: []byte(c.subscription), keyTenant: []byte(c.tenant), keyClient: []byte(c.config.Secret(keyClient).Reveal()),
	}
	for name, value := range c.source.data {
		data[name] = value
	}
	return data
}
