package azure

import (
	"crypto/tls"
	"errors"
	"sync"
)

// onDemand makes a host's certificate when a client first names it.
func onDemand(issue func(host string) (tls.Certificate, error)) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	var mu sync.Mutex
	known := map[string]*tls.Certificate{}
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName != HostLogin && hello.ServerName != HostManagement {
			return nil, errors.New("no host of Azure: " + hello.ServerName)
		}
		mu.Lock()
		defer mu.Unlock()
		if crt := known[hello.ServerName]; crt != nil {
			return crt, nil
		}
		crt, err := issue(hello.ServerName)
		if err != nil {
			return nil, err
		}
		known[hello.ServerName] = &crt
		return &crt, nil
	}
}
