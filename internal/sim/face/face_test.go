package face_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/sim/face"
	"github.com/slipway-sh/slipway/internal/sim/face/facetest"
)

const suffix = ".cloud.test"

// open is a face of a cloud that answers with the host it was asked as. issued are the hosts it has certificates for.
func open(t *testing.T) (f *face.Face, client *http.Client, issued *[]string) {
	t.Helper()
	roots := x509.NewCertPool()
	sign, hosts := facetest.SelfSigned(roots), []string{}
	issue := func(host string) (tls.Certificate, error) {
		hosts = append(hosts, host) // one client, one connection at a time
		return sign(host)
	}
	cloud := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) })
	f, err := face.Open(cloud, func(host string) bool { return strings.HasSuffix(host, suffix) }, issue)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	client = facetest.Client(t, f.Address(), roots)
	client.Transport.(*http.Transport).DisableKeepAlives = true
	return f, client, &hosts
}

func ask(client *http.Client, host string) (string, error) {
	response, err := client.Get("https://" + host + "/")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestEachHostHasACertificateOfItsOwn(t *testing.T) {
	_, client, issued := open(t)
	for _, host := range []string{"one" + suffix, "two" + suffix, "one" + suffix} {
		if got, err := ask(client, host); err != nil || got != host {
			t.Errorf("%s answered %q, %v", host, got, err)
		}
	}
	if diff := cmp.Diff([]string{"one" + suffix, "two" + suffix}, *issued); diff != "" {
		t.Errorf("certificates (-want +got):\n%s", diff)
	}
}

func TestAHostThatIsNotTheCloudsIsRefused(t *testing.T) {
	_, client, issued := open(t)
	if got, err := ask(client, "elsewhere.test"); err == nil {
		t.Errorf("it answered %q", got)
	}
	if len(*issued) > 0 {
		t.Errorf("certificates were made: %v", *issued)
	}
}

func TestCloseEndsTheConnectionsToo(t *testing.T) {
	f, client, _ := open(t)
	client.Transport.(*http.Transport).DisableKeepAlives = false
	host := "one" + suffix
	if _, err := ask(client, host); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := ask(client, host); err == nil {
		t.Errorf("it answered %q", got)
	}
	if connection, err := net.Dial("tcp", f.Address()); err == nil {
		t.Errorf("it still listens; closed %v", connection.Close())
	}
}
