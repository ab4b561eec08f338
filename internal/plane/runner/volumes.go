package runner

import (
	"context"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// file is one of a volume; a nil data stands for an empty folder.
type file struct {
	path string
	data []byte
}

// mount says where a path of the container is on this machine.
type mount struct{ inside, local string }

type mounts []mount

// volumes reads what the container mounts. Folders are made in the child's own, readable by the plane's owner only.
func (r *Runner) volumes(ctx context.Context, l *launch, pod corev1.PodSpec, container corev1.Container) (mounts, error) {
	var out mounts
	for _, vm := range container.VolumeMounts {
		i := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == vm.Name })
		if i < 0 {
			return nil, &blockedError{reason: "NoVolume", message: "volume " + vm.Name + " is mounted but not defined"}
		}
		volume := pod.Volumes[i]
		local := filepath.Join(l.folder, "volumes", vm.Name)
		if volume.HostPath != nil {
			local = volume.HostPath.Path
		} else if err := r.materialise(ctx, l, volume, local); err != nil {
			return nil, err
		}
		out = append(out, mount{inside: path.Clean(vm.MountPath), local: filepath.Join(local, vm.SubPath)})
	}
	// The longest path first, so that a mount inside another one wins.
	slices.SortFunc(out, func(a, b mount) int { return len(b.inside) - len(a.inside) })
	return out, nil
}

func (r *Runner) materialise(ctx context.Context, l *launch, v corev1.Volume, local string) error {
	l.files = append(l.files, file{path: local})
	switch {
	case v.EmptyDir != nil:
		return nil
	case v.Secret != nil:
		return r.addSecret(ctx, l, local, v.Secret.SecretName, v.Secret.Items, optional(v.Secret.Optional))
	case v.ConfigMap != nil:
		return r.addConfigMap(ctx, l, local, v.ConfigMap.Name, v.ConfigMap.Items, optional(v.ConfigMap.Optional))
	case v.Projected != nil:
		return r.addProjected(ctx, l, local, v.Projected.Sources)
	}
	return &blockedError{reason: "NoVolume", message: "volume " + v.Name + " is of a kind that this plane does not know"}
}

// addProjected leaves out tokens: a child has a certificate instead.
func (r *Runner) addProjected(ctx context.Context, l *launch, local string, sources []corev1.VolumeProjection) error {
	for _, s := range sources {
		var err error
		switch {
		case s.Secret != nil:
			err = r.addSecret(ctx, l, local, s.Secret.Name, s.Secret.Items, optional(s.Secret.Optional))
		case s.ConfigMap != nil:
			err = r.addConfigMap(ctx, l, local, s.ConfigMap.Name, s.ConfigMap.Items, optional(s.ConfigMap.Optional))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) addSecret(ctx context.Context, l *launch, local, name string, items []corev1.KeyToPath, optional bool) error {
	secret := &corev1.Secret{}
	if err := r.read(ctx, l.key.Namespace, name, secret, optional); err != nil {
		return err
	}
	return l.addFiles(local, "Secret "+name, secret.Data, items)
}

func (r *Runner) addConfigMap(ctx context.Context, l *launch, local, name string, items []corev1.KeyToPath, optional bool) error {
	cm := &corev1.ConfigMap{}
	if err := r.read(ctx, l.key.Namespace, name, cm, optional); err != nil {
		return err
	}
	return l.addFiles(local, "ConfigMap "+name, dataOf(cm), items)
}

// read gets an object that a pod would wait for; an optional one that is not there is left empty.
func (r *Runner) read(ctx context.Context, namespace, name string, into client.Object, optional bool) error {
	err := r.live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, into)
	if !apierrors.IsNotFound(err) || optional {
		return client.IgnoreNotFound(err)
	}
	kind := "ConfigMap"
	if _, ok := into.(*corev1.Secret); ok {
		kind = "Secret"
	}
	return &blockedError{reason: "Waiting", message: fmt.Sprintf("waiting for %s %s", kind, name)}
}

func dataOf(cm *corev1.ConfigMap) map[string][]byte {
	data := maps.Clone(cm.BinaryData)
	if data == nil {
		data = map[string][]byte{}
	}
	for k, v := range cm.Data {
		data[k] = []byte(v)
	}
	return data
}

func (l *launch) addFiles(local, object string, data map[string][]byte, items []corev1.KeyToPath) error {
	if len(items) == 0 {
		for _, key := range slices.Sorted(maps.Keys(data)) {
			items = append(items, corev1.KeyToPath{Key: key, Path: key})
		}
	}
	for _, item := range items {
		content, ok := data[item.Key]
		if !ok {
			return &blockedError{reason: "Waiting", message: fmt.Sprintf("waiting for key %s of %s", item.Key, object)}
		}
		if !filepath.IsLocal(item.Path) {
			return &blockedError{reason: "NoVolume", message: fmt.Sprintf("path %q of %s leaves its volume", item.Path, object)}
		}
		if content == nil {
			content = []byte{}
		}
		l.files = append(l.files, file{path: filepath.Join(local, item.Path), data: content})
	}
	return nil
}

func optional(p *bool) bool { return p != nil && *p }

// localise rewrites every argument that names a mounted path, and adds those flags whose default names one.
func (m mounts) localise(args []string, known flags) []string {
	var out []string
	given := map[string]bool{}
	for _, arg := range args {
		name, value, set := strings.Cut(arg, "=")
		given[strings.TrimLeft(name, "-")] = true
		if set {
			arg = name + "=" + m.local(value)
		} else {
			arg = m.local(arg)
		}
		out = append(out, arg)
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if value := known[name]; !given[name] && m.local(value) != value {
			out = append(out, "--"+name+"="+m.local(value))
		}
	}
	return out
}

// localiseAll rewrites every variable that is a mounted path.
func (m mounts) localiseAll(vars map[string]string) map[string]string {
	out := make(map[string]string, len(vars))
	for name, value := range vars {
		out[name] = m.local(value)
	}
	return out
}

func (m mounts) local(value string) string {
	for _, x := range m {
		if rest, ok := strings.CutPrefix(value, x.inside); ok && (rest == "" || rest[0] == '/') {
			return x.local + strings.TrimSuffix(rest, "/")
		}
	}
	return value
}
