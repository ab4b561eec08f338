package render

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// proxyKey is the key of containerd's drop-in in a Secret; the ClusterClass reads the same.
const proxyKey = "http-proxy.conf"

// hideProxyPassword moves a proxy whose URL holds a password from the variables into a Secret, and leaves the Secret's
// name in its place. Without a password it changes nothing and gives nil.
func hideProxyPassword(in Input, values map[string]any) (*corev1.Secret, error) {
	proxy, _ := values["proxy"].(map[string]any)
	http, https := text(proxy["http"]), text(proxy["https"])
	secret := false
	for _, address := range []string{http, https} {
		u, err := url.Parse(address)
		if err != nil {
			return nil, errors.New(`variable "proxy": the address of the proxy is no URL`) // the cause would print it
		}
		secret = secret || u.User != nil
	}
	if !secret {
		return nil, nil
	}
	if https == "" {
		https = http
	}
	var b strings.Builder
	b.WriteString("[Service]\n")
	for _, line := range []struct{ name, value string }{
		{"HTTP_PROXY", http}, {"HTTPS_PROXY", https}, {"NO_PROXY", noProxy(in, values, text(proxy["noProxy"]))},
	} {
		if line.value != "" {
			fmt.Fprintf(&b, "Environment=\"%s=%s\"\n", line.name, strings.ReplaceAll(line.value, "%", "%%"))
		}
	}
	name := in.Request.Name + "-proxy"
	kept := map[string]any{"secretName": name}
	if ca, ok := proxy["ca"]; ok {
		kept["ca"] = ca
	}
	values["proxy"] = kept
	return secretOf(in, name, map[string][]byte{proxyKey: []byte(b.String())}), nil
}

// noProxy is what never goes through the proxy: the machine itself, the cluster's networks and endpoint, and what the
// user added. The ClusterClass makes the same list where no password is involved.
func noProxy(in Input, values map[string]any, given string) string {
	network := networkOf(in.Request.Config)
	list := []string{"localhost", "127.0.0.1", ".svc", ".svc.cluster.local"}
	list = append(list, network.Pods.CIDRBlocks...)
	list = append(list, network.Services.CIDRBlocks...)
	if endpoint, ok := values["controlPlaneEndpoint"].(map[string]any); ok {
		list = append(list, text(endpoint["host"]))
	}
	var out []string
	for _, host := range append(list, ranges(given)...) {
		if host != "" && !slices.Contains(out, host) {
			out = append(out, host)
		}
	}
	return strings.Join(out, ",")
}
