package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Services resolves the services that webhooks, conversions and API services name to the ports of children. It exists
// before the runner does, because the API server is built with it.
type Services struct{ runner atomic.Pointer[Runner] }

func (s *Services) use(r *Runner) { s.runner.Store(r) }

// ResolveEndpoint implements kube-apiserver's service resolver.
func (s *Services) ResolveEndpoint(namespace, name string, port int32) (*url.URL, error) {
	r := s.runner.Load()
	if r == nil {
		return nil, errors.New("the plane does not run controllers yet")
	}
	if namespace == "default" && name == "kubernetes" {
		return url.Parse(r.options.Admin.Host)
	}
	service := &corev1.Service{}
	if err := r.client.Get(context.Background(), types.NamespacedName{Namespace: namespace, Name: name}, service); err != nil {
		return nil, err
	}
	c := r.serving(service)
	if c == nil {
		return nil, fmt.Errorf("no provider's controller serves the Service %s/%s on this plane", namespace, name)
	}
	local, ok := c.port(targetOf(service, port))
	if !ok {
		return nil, fmt.Errorf("%s serves no port %d of the Service %s/%s, or is not running", c.launch.key, port, namespace, name)
	}
	return &url.URL{Scheme: "https", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(local))}, nil
}

// serving is the child whose pod labels the Service selects.
func (r *Runner) serving(service *corev1.Service) *child {
	if len(service.Spec.Selector) == 0 {
		return nil
	}
	selector := labels.SelectorFromSet(service.Spec.Selector)
	for _, c := range r.snapshot() {
		if c.launch.key.Namespace == service.Namespace && selector.Matches(labels.Set(c.launch.labels)) {
			return c
		}
	}
	return nil
}

func targetOf(service *corev1.Service, port int32) intstr.IntOrString {
	for _, p := range service.Spec.Ports {
		if p.Port != port {
			continue
		}
		if p.TargetPort == (intstr.IntOrString{}) {
			return intstr.FromInt32(p.Port)
		}
		return p.TargetPort
	}
	return intstr.FromInt32(port)
}

// purpose of a port of a manager.
type purpose int

const (
	webhook purpose = iota
	health
	metrics
	purposes
)

// purposeOf recognises controller-runtime's conventional names and numbers.
func purposeOf(port corev1.ContainerPort) (purpose, bool) {
	switch {
	case strings.Contains(port.Name, "webhook") || port.ContainerPort == 9443:
		return webhook, true
	case strings.Contains(port.Name, "health") || port.ContainerPort == 9440:
		return health, true
	case strings.Contains(port.Name, "metric") || strings.Contains(port.Name, "diagnostic") || port.ContainerPort == 8443 || port.ContainerPort == 8080:
		return metrics, true
	}
	return 0, false
}

// purposeOfTarget finds the container's port that a Service means.
func (l *launch) purposeOfTarget(target intstr.IntOrString) (purpose, bool) {
	for _, p := range l.ports {
		if target.Type == intstr.String && p.Name == target.StrVal || target.Type == intstr.Int && p.ContainerPort == target.IntVal {
			return purposeOf(p)
		}
	}
	if target.Type == intstr.Int {
		return purposeOf(corev1.ContainerPort{ContainerPort: target.IntVal})
	}
	return 0, false
}
