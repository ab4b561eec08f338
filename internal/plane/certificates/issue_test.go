package certificates

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestCurrentTellsWhenAnotherCertificateIsNeeded(t *testing.T) {
	now := time.Now()
	asked := spec{CommonName: "c", DNSNames: []string{"b.example.org", "a.example.org"}, IPAddresses: []string{"127.0.0.1"}}
	data, err := asked.issue(now)
	if err != nil {
		t.Fatal(err)
	}
	other, err := asked.issue(now)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(spec, map[string][]byte) (spec, map[string][]byte, time.Time)
		valid  bool
	}{
		"as it was": {func(s spec, d map[string][]byte) (spec, map[string][]byte, time.Time) { return s, d, now }, true},
		"two thirds later": {func(s spec, d map[string][]byte) (spec, map[string][]byte, time.Time) {
			return s, d, now.AddDate(0, 0, 59)
		}, true},
		"near its end": {func(s spec, d map[string][]byte) (spec, map[string][]byte, time.Time) {
			return s, d, now.AddDate(0, 0, 61)
		}, false},
		"names in another order": {func(s spec, d map[string][]byte) (spec, map[string][]byte, time.Time) {
			s.DNSNames = []string{"a.example.org", "b.example.org"}
			return s, d, now
		}, true},
		"another name": {func(s spec, d map[string][]byte) (spec, map[string][]byte, time.Time) {
			s.DNSNames = []string{"a.example.org", "c.example.org"}
			return s, d, now
		}, false},
		"another address": {func(s spec, d map[string][]byte) (spec, map[string][]byte, time.Time) {
			s.IPAddresses = []string{"127.0.0.2"}
			return s, d, now
		}, false},
		"an earlier renewal": {func(s spec, d map[string][]byte) (spec, map[string][]byte, time.Time) {
			s.RenewBefore = &metav1.Duration{Duration: 80 * 24 * time.Hour}
			return s, d, now.AddDate(0, 0, 11)
		}, false},
		"the key of another": {func(s spec, d map[string][]byte) (spec, map[string][]byte, time.Time) {
			return s, map[string][]byte{"tls.crt": d["tls.crt"], "ca.crt": d["ca.crt"], "tls.key": other["tls.key"]}, now
		}, false},
		"no authority": {func(s spec, d map[string][]byte) (spec, map[string][]byte, time.Time) {
			return s, map[string][]byte{"tls.crt": d["tls.crt"], "tls.key": d["tls.key"]}, now
		}, false},
		"nothing": {func(s spec, _ map[string][]byte) (spec, map[string][]byte, time.Time) { return s, nil, now }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, d, at := c.change(asked, data)
			if _, why := s.current(d, at); (why == "") != c.valid {
				t.Errorf("why is %q", why)
			}
		})
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	if _, err := (spec{IPAddresses: []string{"localhost"}}).issue(time.Now()); err == nil {
		t.Error("it was issued")
	}
}
