package runner

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// inherited are the variables that a child takes from the plane: how to reach the internet and whom to trust there,
// and no credentials of the user's.
func inherited(name string) bool {
	switch strings.ToUpper(name) {
	case "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "PATH", "TZ", "TMPDIR", "LANG":
		return true
	}
	return false
}

// environment puts the container's variables over the inherited ones, and ours over all.
func (r *Runner) environment(l *launch, vars map[string]string) []string {
	all := map[string]string{}
	for _, entry := range r.options.Environ {
		if name, value, _ := strings.Cut(entry, "="); inherited(name) {
			all[name] = value
		}
	}
	maps.Copy(all, vars)
	all["HOME"] = l.folder
	all["KUBECONFIG"] = filepath.Join(l.folder, kubeconfigName)
	var env []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		env = append(env, name+"="+all[name])
	}
	return env
}

// variables are the container's own, with references resolved as kubelet would.
func (r *Runner) variables(ctx context.Context, d *appsv1.Deployment, c corev1.Container) (map[string]string, error) {
	vars := map[string]string{}
	for _, from := range c.EnvFrom {
		data, err := r.envFrom(ctx, d.Namespace, from)
		if err != nil {
			return nil, err
		}
		for key, value := range data {
			vars[from.Prefix+key] = string(value)
		}
	}
	for _, v := range c.Env {
		if v.ValueFrom == nil {
			vars[v.Name] = expand(v.Value, vars)
			continue
		}
		value, err := r.valueFrom(ctx, d, v.ValueFrom)
		if err != nil {
			return nil, err
		}
		vars[v.Name] = value
	}
	return vars, nil
}

func (r *Runner) envFrom(ctx context.Context, namespace string, from corev1.EnvFromSource) (map[string][]byte, error) {
	switch {
	case from.SecretRef != nil:
		secret := &corev1.Secret{}
		err := r.read(ctx, namespace, from.SecretRef.Name, secret, optional(from.SecretRef.Optional))
		return secret.Data, err
	case from.ConfigMapRef != nil:
		cm := &corev1.ConfigMap{}
		err := r.read(ctx, namespace, from.ConfigMapRef.Name, cm, optional(from.ConfigMapRef.Optional))
		return dataOf(cm), err
	}
	return nil, nil
}

func (r *Runner) valueFrom(ctx context.Context, d *appsv1.Deployment, from *corev1.EnvVarSource) (string, error) {
	switch {
	case from.FieldRef != nil:
		return field(d, from.FieldRef.FieldPath), nil
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		secret := &corev1.Secret{}
		if err := r.read(ctx, d.Namespace, ref.Name, secret, optional(ref.Optional)); err != nil {
			return "", err
		}
		return keyOf(secret.Data, "Secret "+ref.Name, ref.Key, optional(ref.Optional))
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		cm := &corev1.ConfigMap{}
		if err := r.read(ctx, d.Namespace, ref.Name, cm, optional(ref.Optional)); err != nil {
			return "", err
		}
		return keyOf(dataOf(cm), "ConfigMap "+ref.Name, ref.Key, optional(ref.Optional))
	}
	return "", nil // a resource's limit: a child has none
}

func keyOf(data map[string][]byte, object, key string, optional bool) (string, error) {
	value, ok := data[key]
	if !ok && !optional {
		return "", &blockedError{reason: "Waiting", message: fmt.Sprintf("waiting for key %s of %s", key, object)}
	}
	return string(value), nil
}

// field answers for the pod that does not exist: it is called like its Deployment and lives on this machine.
func field(d *appsv1.Deployment, fieldPath string) string {
	switch fieldPath {
	case "metadata.namespace":
		return d.Namespace
	case "metadata.name":
		return d.Name + "-0"
	case "metadata.uid":
		return string(d.UID)
	case "spec.serviceAccountName":
		return accountOf(d.Spec.Template.Spec)
	case "spec.nodeName":
		host, _ := os.Hostname()
		return host
	case "status.podIP", "status.hostIP":
		return "127.0.0.1"
	}
	for prefix, values := range map[string]map[string]string{
		"metadata.labels['":      d.Spec.Template.Labels,
		"metadata.annotations['": d.Spec.Template.Annotations,
	} {
		if key, ok := strings.CutPrefix(fieldPath, prefix); ok {
			return values[strings.TrimSuffix(key, "']")]
		}
	}
	return ""
}

func expandAll(args []string, vars map[string]string) []string {
	var out []string
	for _, a := range args {
		out = append(out, expand(a, vars))
	}
	return out
}

// expand replaces $(NAME) as Kubernetes does: an unknown name stays as it is, and $$ stands for one $.
func expand(text string, vars map[string]string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 || i+1 == len(text) {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		text = text[i:]
		name, rest, closed := strings.Cut(text[2:], ")")
		value, known := vars[name]
		switch {
		case text[1] == '$':
			b.WriteByte('$')
			text = text[2:]
		case text[1] == '(' && closed && known:
			b.WriteString(value)
			text = rest
		default:
			b.WriteString(text[:1])
			text = text[1:]
		}
	}
}
