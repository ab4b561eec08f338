package kube

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
)

// workload is what get credentials merges.
const workload = `apiVersion: v1
kind: Config
clusters:
- name: dev1
  cluster: {server: "https://10.0.0.9:6443", certificate-authority-data: Y2E=}
contexts:
- name: dev1-admin@dev1
  context: {cluster: dev1, user: dev1-admin}
users:
- name: dev1-admin
  user: {token: new}
current-context: dev1-admin@dev1
`

const (
	kubectlStyle = `# my clusters
apiVersion: v1
clusters:
- cluster:
    server: https://a.example:6443   # the old one
    certificate-authority-data: QUFB
  name: "a"

# about b
- cluster:
    server: 'https://b.example:6443'
  name: b
contexts:
- context:
    cluster: a
    user: a
  name: a
current-context: a
kind: Config
preferences: {}
users:
- name: a
  user:
    token: |
      # not a comment
      x
`
	indentedStyle = `apiVersion: v1
kind: Config
clusters:
  - name: a
    cluster:
      server: https://a.example
users:
  - name: a
    user: {}
contexts:
  - name: a
    context: {cluster: a, user: a}
current-context: a`
	emptyLists = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: null\nusers:\ncurrent-context: \"\"\n"
)

func TestMergeContextKeepsEveryOtherByte(t *testing.T) {
	tests := map[string]struct{ before, after string }{
		"kubectl's own layout": {
			before: kubectlStyle,
			after: strings.NewReplacer(
				"  name: b\n", "  name: b\n- cluster:\n    certificate-authority-data: Y2E=\n    server: https://10.0.0.9:6443\n  name: dev1\n",
				"  name: a\ncurrent-context", "  name: a\n- context:\n    cluster: dev1\n    user: dev1-admin\n  name: dev1-admin@dev1\ncurrent-context",
				"      x\n", "      x\n- name: dev1-admin\n  user:\n    token: new\n",
			).Replace(kubectlStyle),
		},
		"indented lists, no newline at the end": {
			before: indentedStyle,
			after: strings.NewReplacer(
				"      server: https://a.example\n", "      server: https://a.example\n  - cluster:\n      certificate-authority-data: Y2E=\n      server: https://10.0.0.9:6443\n    name: dev1\n",
				"    user: {}\n", "    user: {}\n  - name: dev1-admin\n    user:\n      token: new\n",
				"    context: {cluster: a, user: a}\n", "    context: {cluster: a, user: a}\n  - context:\n      cluster: dev1\n      user: dev1-admin\n    name: dev1-admin@dev1\n",
			).Replace(indentedStyle),
		},
		"empty lists": {
			before: emptyLists,
			after: "apiVersion: v1\nkind: Config\n" +
				"clusters:\n- cluster:\n    certificate-authority-data: Y2E=\n    server: https://10.0.0.9:6443\n  name: dev1\n" +
				"contexts:\n- context:\n    cluster: dev1\n    user: dev1-admin\n  name: dev1-admin@dev1\n" +
				"users:\n- name: dev1-admin\n  user:\n    token: new\ncurrent-context: \"\"\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := write(t, tt.before, 0o640)
			merge(t, path)
			if diff := cmp.Diff(tt.after, read(t, path)); diff != "" {
				t.Errorf("file after the merge (-want +got):\n%s", diff)
			}
			if info, _ := os.Stat(path); info.Mode().Perm() != 0o640 {
				t.Errorf("mode is %v, want the file's own 0640", info.Mode().Perm())
			}
			merge(t, path)
			if diff := cmp.Diff(tt.after, read(t, path)); diff != "" {
				t.Errorf("a second merge changed the file (-want +got):\n%s", diff)
			}
			if err := RemoveContext(path, "dev1-admin@dev1"); err != nil {
				t.Fatal(err)
			}
			if name == "empty lists" { // null became []
				return
			}
			want := strings.TrimSuffix(tt.before, "\n") + "\n"
			if diff := cmp.Diff(want, strings.TrimSuffix(read(t, path), "\n")+"\n"); diff != "" {
				t.Errorf("file after merge and removal (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMergeContextReplacesItsOwnEntries(t *testing.T) {
	path := write(t, strings.ReplaceAll(workload, "token: new", "token: old"), 0o600)
	merge(t, path)
	got := read(t, path)
	if strings.Contains(got, "old") || strings.Count(got, "name: dev1-admin@dev1") != 1 {
		t.Errorf("the old entry was not replaced:\n%s", got)
	}
}

func TestMergeContextMakesAPrivateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "config")
	merge(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, want 0600", info.Mode().Perm())
	}
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if config.Contexts["dev1-admin@dev1"] == nil || config.CurrentContext != "" {
		t.Errorf("contexts %v, current %q; want dev1's and none current", config.Contexts, config.CurrentContext)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, want only the kubeconfig", entries)
	}
}

func TestMergeContextFollowsALink(t *testing.T) {
	path := write(t, kubectlStyle, 0o600)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	merge(t, link)
	if info, _ := os.Lstat(link); info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
	if has, _ := HasContext(path, "dev1-admin@dev1"); !has {
		t.Error("the linked file was not changed")
	}
}

func TestMergeContextRefusesWhatItCannotKeep(t *testing.T) {
	tests := map[string]string{
		"not YAML":              "clusters: [",
		"not a kubeconfig":      "- a\n- b\n",
		"two documents":         kubectlStyle + "---\nkind: Config\n",
		"the same name twice":   "clusters:\n- name: a\n  cluster: {}\n- name: a\n  cluster: {}\n",
		"clusters is a mapping": "clusters:\n  a: {}\n",
	}
	for name, before := range tests {
		t.Run(name, func(t *testing.T) {
			path := write(t, before, 0o600)
			if err := MergeContext(path, "dev1-admin@dev1", []byte(workload)); err == nil {
				t.Errorf("accepted; the file is now:\n%s", read(t, path))
			}
			if got := read(t, path); got != before {
				t.Errorf("the refused file was changed to:\n%s", got)
			}
		})
	}
}

func TestMergeContextWritesOtherStyles(t *testing.T) {
	tests := map[string]string{
		"JSON":              `{"apiVersion":"v1","kind":"Config","clusters":[{"name":"a","cluster":{"server":"https://a"}}],"contexts":[{"name":"a","context":{"cluster":"a","user":""}}],"users":null,"current-context":"a"}`,
		"flow list":         "clusters: [{name: a, cluster: {server: 'https://a'}}]\ncontexts: [{name: a, context: {cluster: a, user: ''}}]\n",
		"windows line ends": strings.ReplaceAll(kubectlStyle, "\n", "\r\n"),
		"dash on one line":  "clusters:\n-\n  name: a\n  cluster: {server: 'https://a'}\ncontexts:\n- name: a\n  context: {cluster: a, user: ''}\n",
		"comments only":     "# nothing here yet\n",
	}
	for name, before := range tests {
		t.Run(name, func(t *testing.T) {
			path := write(t, before, 0o600)
			had, err := clientcmd.LoadFromFile(path)
			if err != nil {
				t.Fatal(err)
			}
			merge(t, path)
			got, err := clientcmd.LoadFromFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for cluster := range had.Clusters {
				if got.Clusters[cluster] == nil || got.Clusters[cluster].Server != had.Clusters[cluster].Server {
					t.Errorf("cluster %q was lost or changed:\n%s", cluster, read(t, path))
				}
			}
			if got.Contexts["dev1-admin@dev1"] == nil {
				t.Errorf("our context is missing:\n%s", read(t, path))
			}
		})
	}
}

func TestRemoveContext(t *testing.T) {
	shared := kubectlStyle + "- name: other\n  user: {}\n"
	shared = strings.Replace(shared, "  name: a\ncurrent-context: a", "  name: a\n- context: {cluster: b, user: a}\n  name: b\ncurrent-context: a", 1)
	path := write(t, shared, 0o600)
	if err := RemoveContext(path, "a"); err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if config.Contexts["a"] != nil || config.Clusters["a"] != nil || config.CurrentContext != "" {
		t.Errorf("left over of a:\n%s", read(t, path))
	}
	if config.AuthInfos["a"] == nil || config.AuthInfos["other"] == nil || config.Clusters["b"] == nil {
		t.Errorf("something that others use was removed:\n%s", read(t, path))
	}
	if !strings.Contains(read(t, path), "# about b") {
		t.Errorf("a comment was lost:\n%s", read(t, path))
	}
	if err := RemoveContext(filepath.Join(t.TempDir(), "none"), "a"); err != nil {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestSetCurrentContext(t *testing.T) {
	path := write(t, kubectlStyle, 0o600)
	if err := SetCurrentContext(path, "none"); err == nil {
		t.Error("a context that is not there was accepted")
	}
	merge(t, path)
	if err := SetCurrentContext(path, "dev1-admin@dev1"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(read(t, path), "\ncurrent-context: dev1-admin@dev1\n") {
		t.Errorf("current-context was not set:\n%s", read(t, path))
	}
}

func TestMergeContextByManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	var all sync.WaitGroup
	for _, name := range strings.Fields("a b c d e f g h") {
		all.Go(func() {
			raw := strings.ReplaceAll(workload, "dev1", name)
			if err := MergeContext(path, ContextName(name), []byte(raw)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Contexts) != 8 {
		t.Errorf("%d contexts, want 8: writers overwrote each other", len(config.Contexts))
	}
}

func TestKubeconfigPath(t *testing.T) {
	tests := map[string]struct {
		environ []string
		want    string
	}{
		"default":         {environ: []string{"HOME=/h"}, want: "/h/.kube/config"},
		"first of a list": {environ: []string{"HOME=/h", "KUBECONFIG=:/a:/b"}, want: "/a"},
		"empty list":      {environ: []string{"KUBECONFIG=", "HOME=/h"}, want: "/h/.kube/config"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := KubeconfigPath(tt.environ); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestRenameKubeconfig(t *testing.T) {
	raw := "current-context: usr@cl\n" +
		"clusters: [{name: cl, cluster: {server: 'https://10.0.0.9:6443'}}]\n" +
		"contexts: [{name: usr@cl, context: {cluster: cl, user: usr}}]\n" +
		"users: [{name: usr, user: {token: new}}]\n"
	got, err := renameKubeconfig([]byte(raw), "dev1")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.Load(got)
	if err != nil {
		t.Fatal(err)
	}
	current := config.Contexts["dev1-admin@dev1"]
	if config.CurrentContext != "dev1-admin@dev1" || current == nil || current.Cluster != "dev1" || current.AuthInfo != "dev1-admin" {
		t.Fatalf("contexts are not TKG's:\n%s", got)
	}
	if config.Clusters["dev1"].Server != "https://10.0.0.9:6443" || config.AuthInfos["dev1-admin"].Token != "new" {
		t.Errorf("cluster or user lost its content:\n%s", got)
	}
}

// FuzzMergeContext: whatever kubectl can read, a merge is either refused, or changes our
// entries and no others, comes out the same when it is done again, and can be undone.
func FuzzMergeContext(f *testing.F) {
	for _, seed := range []string{"", kubectlStyle, indentedStyle, emptyLists, workload, "{}", "clusters: [{name: a}]\n",
		"clusters:\n- &x\n  name: a\n  cluster: {server: b}\nusers: []\n", "---\n# c\nclusters:\n- name: a\n...\n",
		"clusters:\n    - name: a\n    - name: dev1\n      cluster: {}\n", "contexts:\n- name: dev1-admin@dev1\n  # c\n\n\n"} {
		f.Add([]byte(seed))
	}
	entries, err := currentEntries("dev1-admin@dev1", []byte(workload))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, before []byte) {
		want, err := clientcmd.Load(before)
		if err != nil {
			return
		}
		after, err := mergeEntries(before, entries)
		if err != nil {
			return
		}
		want.Clusters["dev1"], want.AuthInfos["dev1-admin"], want.Contexts["dev1-admin@dev1"] = entries.cluster, entries.user, entries.value
		if !means(after, want) {
			t.Fatalf("more than our entries changed:\nbefore:\n%s\nafter:\n%s", before, after)
		}
		again, err := mergeEntries(after, entries)
		if err != nil || !bytes.Equal(again, after) {
			t.Fatalf("merging again (%v) changed\n%s\nto\n%s", err, after, again)
		}
		if _, err := removeEntries(after, "dev1-admin@dev1"); err != nil {
			t.Fatalf("what was merged cannot be removed: %v\n%s", err, after)
		}
	})
}

func merge(t *testing.T, path string) {
	t.Helper()
	if err := MergeContext(path, "dev1-admin@dev1", []byte(workload)); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
