package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// How long a change waits for somebody else's change of the same kubeconfig, and how often it looks.
const (
	fileLockWait  = 10 * time.Second
	fileLockRetry = 20 * time.Millisecond
)

// KubeconfigPath is the file that kubectl would change: the first one of $KUBECONFIG, or ~/.kube/config.
func KubeconfigPath(environ []string) string {
	home := ""
	for _, entry := range environ {
		if list, ok := strings.CutPrefix(entry, "KUBECONFIG="); ok {
			for _, path := range filepath.SplitList(list) {
				if path != "" {
					return path
				}
			}
		}
		if dir, ok := strings.CutPrefix(entry, "HOME="); ok {
			home = dir
		}
	}
	return filepath.Join(home, ".kube", "config")
}

// HasContext says whether a kubeconfig file has a context of that name; a file that is not there has none.
func HasContext(path, name string) (bool, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("kubeconfig: %w", err)
	}
	config, err := clientcmd.Load(raw)
	if err != nil {
		return false, fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	_, ok := config.Contexts[name]
	return ok, nil
}

// MergeContext puts the current context of a kubeconfig, with its cluster and user, into a kubeconfig file under the
// given context name, replacing entries of the same names. The rest of the file stays byte for byte, current-context
// included. A new file gets mode 0600, an existing one keeps its own. The change is atomic.
func MergeContext(path, name string, kubeconfig []byte) error {
	entries, err := currentEntries(name, kubeconfig)
	if err != nil {
		return err
	}
	return changeFile(path, func(before []byte) ([]byte, error) { return mergeEntries(before, entries) })
}

// SetCurrentContext makes a context of the file the current one.
func SetCurrentContext(path, name string) error {
	return changeFile(path, func(before []byte) ([]byte, error) {
		config, err := loadStrict(before)
		if err != nil {
			return nil, err
		}
		if _, ok := config.Contexts[name]; !ok {
			return nil, fmt.Errorf("there is no context %q", name)
		}
		return editDocument(before, []edit{{section: "current-context", scalar: name}})
	})
}

// RemoveContext takes a context out of a kubeconfig file, with its cluster and user where no other context uses them.
// A current-context of that name becomes empty. A file or a context that is not there is no error.
func RemoveContext(path, name string) error {
	if has, err := HasContext(path, name); err != nil || !has {
		return err
	}
	return changeFile(path, func(before []byte) ([]byte, error) { return removeEntries(before, name) })
}

// entrySet is one context with what it refers to.
type entrySet struct {
	context, clusterName, userName string
	value                          *api.Context
	cluster                        *api.Cluster
	user                           *api.AuthInfo
}

// currentEntries gives the current context of a kubeconfig, under another name, with what it refers to.
func currentEntries(name string, kubeconfig []byte) (entrySet, error) {
	config, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return entrySet{}, fmt.Errorf("kubeconfig of %s: %w", name, err)
	}
	current := config.Contexts[config.CurrentContext]
	if current == nil || config.Clusters[current.Cluster] == nil || config.AuthInfos[current.AuthInfo] == nil {
		return entrySet{}, fmt.Errorf("kubeconfig of %s: its current context %q is not complete", name, config.CurrentContext)
	}
	return entrySet{
		context: name, clusterName: current.Cluster, userName: current.AuthInfo,
		cluster: config.Clusters[current.Cluster], user: config.AuthInfos[current.AuthInfo], value: current,
	}, nil
}

func mergeEntries(before []byte, e entrySet) ([]byte, error) {
	had, err := loadStrict(before)
	if err != nil {
		return nil, err
	}
	fresh := api.NewConfig()
	fresh.Clusters[e.clusterName], fresh.AuthInfos[e.userName], fresh.Contexts[e.context] = e.cluster, e.user, e.value
	items, err := entryItems(fresh)
	if err != nil {
		return nil, err
	}
	var edits []edit
	if len(bytes.TrimSpace(before)) == 0 {
		before = nil
		edits = append(edits, edit{section: "apiVersion", scalar: "v1"}, edit{section: "kind", scalar: "Config"})
	}
	edits = append(edits,
		edit{section: "clusters", name: e.clusterName, item: items["clusters"]},
		edit{section: "contexts", name: e.context, item: items["contexts"]},
		edit{section: "users", name: e.userName, item: items["users"]},
	)
	had.Clusters[e.clusterName], had.AuthInfos[e.userName], had.Contexts[e.context] = e.cluster, e.user, e.value
	return checkedEdit(before, edits, had)
}

func removeEntries(before []byte, name string) ([]byte, error) {
	had, err := loadStrict(before)
	if err != nil {
		return nil, err
	}
	gone, ok := had.Contexts[name]
	if !ok {
		return before, nil
	}
	delete(had.Contexts, name)
	edits := []edit{{section: "contexts", name: name}}
	clusterUsed, userUsed := false, false
	for _, other := range had.Contexts {
		clusterUsed = clusterUsed || other.Cluster == gone.Cluster
		userUsed = userUsed || other.AuthInfo == gone.AuthInfo
	}
	if _, ok := had.Clusters[gone.Cluster]; ok && !clusterUsed {
		delete(had.Clusters, gone.Cluster)
		edits = append(edits, edit{section: "clusters", name: gone.Cluster})
	}
	if _, ok := had.AuthInfos[gone.AuthInfo]; ok && !userUsed {
		delete(had.AuthInfos, gone.AuthInfo)
		edits = append(edits, edit{section: "users", name: gone.AuthInfo})
	}
	if had.CurrentContext == name {
		had.CurrentContext = ""
		edits = append(edits, edit{section: "current-context", scalar: ""})
	}
	return checkedEdit(before, edits, had)
}

// changeFile replaces a file by what change makes of it, under a lock on its folder, and only when it differs.
func changeFile(path string, change func(before []byte) ([]byte, error)) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a linked kubeconfig stays a link
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	unlock, err := lockFolder(dir, path)
	if err != nil {
		return err
	}
	defer unlock()
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	after, err := change(before)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	if bytes.Equal(before, after) {
		return nil
	}
	return replaceFile(path, after)
}

// lockFolder keeps two Slipways apart by a lock on the folder itself, which leaves no file behind, and waits while
// kubectl holds the lock file that it makes for its own changes.
func lockFolder(dir, path string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(context.Background(), fileLockWait)
	defer cancel()
	lock := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	if ok, err := lock.TryLockContext(ctx, fileLockRetry); err != nil || !ok {
		return nil, fmt.Errorf("kubeconfig %s: somebody else has been changing it for %s", path, fileLockWait)
	}
	for {
		if _, err := os.Stat(path + ".lock"); err != nil {
			return func() { _ = lock.Unlock() }, nil
		}
		sleep(ctx, fileLockRetry)
		if ctx.Err() != nil {
			return nil, errors.Join(
				fmt.Errorf("kubeconfig %s: kubectl has been changing it for %s; if no kubectl runs, remove %s.lock", path, fileLockWait, path),
				lock.Unlock())
		}
	}
}

// replaceFile writes beside the file and renames, so that a reader sees the old file or the new one, whole.
func replaceFile(path string, content []byte) (err error) {
	mode, owner := fs.FileMode(0o600), -1
	group := -1
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
		if sys, ok := info.Sys().(*syscall.Stat_t); ok {
			owner, group = int(sys.Uid), int(sys.Gid)
		}
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("kubeconfig: %w", err), os.Remove(temp.Name()))
		}
	}()
	_, writeErr := temp.Write(content)
	err = errors.Join(writeErr, temp.Chmod(mode), temp.Sync(), temp.Close())
	if err != nil {
		return err
	}
	if owner >= 0 && owner != os.Geteuid() {
		_ = os.Chown(temp.Name(), owner, group) // root keeps the user's file the user's
	}
	return os.Rename(temp.Name(), path)
}
