package apiserver

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"github.com/slipway-sh/slipway/internal/plane/pki"
)

// Names of the pairs in the folder of keys.
const (
	CertCA         = "ca" // signs the API server's clients, and its own certificate
	CertAdmin      = "admin"
	certServer     = "apiserver"
	certFrontProxy = "front-proxy"
	certFrontCA    = "front-proxy-ca"
	certEtcdCA     = "etcd-ca"
	certEtcd       = "etcd"
	certEtcdClient = "etcd-client"
	keyAccounts    = "service-accounts"
)

const (
	serviceRange = "10.96.0.0/16" // Services are admitted with an address in it; nothing ever listens there
	readyPoll    = 20 * time.Millisecond
)

// arguments are kube-apiserver's flags, each that is not its default.
func arguments(o Options, etcdPort int) []string {
	file := o.PKI.Path
	return []string{
		fmt.Sprintf("--etcd-servers=https://127.0.0.1:%d", etcdPort),
		"--etcd-cafile=" + file(certEtcdCA+".crt"),
		"--etcd-certfile=" + file(certEtcdClient+".crt"),
		"--etcd-keyfile=" + file(certEtcdClient+".key"),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", o.Port),
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=" + serviceRange,
		"--tls-cert-file=" + file(certServer+".crt"),
		"--tls-private-key-file=" + file(certServer+".key"),
		"--client-ca-file=" + file(CertCA+".crt"),
		"--requestheader-client-ca-file=" + file(certFrontCA+".crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + file(certFrontProxy+".crt"),
		"--proxy-client-key-file=" + file(certFrontProxy+".key"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + file(keyAccounts+".pub"),
		"--service-account-signing-key-file=" + file(keyAccounts+".key"),
		"--authorization-mode=RBAC",
		"--anonymous-auth=false",
		"--allow-privileged=true",
		// No pod ever runs here, so no pod is ever given a token.
		"--disable-admission-plugins=ServiceAccount",
		// One user and a handful of controllers: fairness has nobody to protect and costs the start a second.
		"--enable-priority-and-fairness=false",
		"--profiling=false",
		"--shutdown-delay-duration=0s",
		"--v=0",
	}
}

// administrator is who the admin kubeconfig is.
type administrator struct{ ca, cert, key []byte }

// certificates makes what is missing of the plane's keys; only the first start makes any.
func certificates(dir pki.Dir) (administrator, error) {
	if err := etcdCertificates(dir); err != nil {
		return administrator{}, err
	}
	if err := dir.Key(keyAccounts); err != nil {
		return administrator{}, fmt.Errorf("key %s: %w", keyAccounts, err)
	}
	front, err := dir.Authority(certFrontCA)
	if err != nil {
		return administrator{}, err
	}
	if _, err := dir.Certificate(certFrontProxy, front, pki.Request{CommonName: "front-proxy-client"}); err != nil {
		return administrator{}, err
	}
	ca, err := dir.Authority(CertCA)
	if err != nil {
		return administrator{}, err
	}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	server := pki.Request{CommonName: "kube-apiserver", Server: true, DNSNames: names, Addresses: loopback()}
	if _, err := dir.Certificate(certServer, ca, server); err != nil {
		return administrator{}, err
	}
	admin, err := dir.Certificate(CertAdmin, ca, pki.Request{CommonName: "slipway-admin", Organizations: []string{"system:masters"}})
	return administrator{ca: ca.Cert, cert: admin.Cert, key: admin.Key}, err
}

func (a administrator) config(port int) *rest.Config {
	return &rest.Config{
		Host:            fmt.Sprintf("https://127.0.0.1:%d", port),
		TLSClientConfig: rest.TLSClientConfig{CAData: a.ca, CertData: a.cert, KeyData: a.key},
		QPS:             -1, // the plane is its own server: no reason to hold back
		UserAgent:       "slipway-plane",
	}
}

func get(ctx context.Context, client *http.Client, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read only
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}
