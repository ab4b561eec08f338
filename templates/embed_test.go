package templates

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestOverridesWinFileByFile(t *testing.T) {
	user := fstest.MapFS{
		"vsphere/clusterclass.yaml": {Data: []byte("own")},
		"moon/clusterclass.yaml":    {Data: []byte("new")},
	}
	all := WithOverrides(user)
	for name, want := range map[string]string{"vsphere/clusterclass.yaml": "own", "moon/clusterclass.yaml": "new"} {
		if got, err := fs.ReadFile(all, name); err != nil || string(got) != want {
			t.Errorf("%s is %q (%v), not %q", name, got, err, want)
		}
	}
	if _, err := fs.ReadFile(all, "vsphere/addons/cloud-controller-manager.yaml"); err != nil {
		t.Errorf("a file that the user does not have: %v", err)
	}
	var names []string
	entries, err := fs.ReadDir(all, ".")
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "aws azure docker moon vsphere" || err != nil {
		t.Errorf("folders are %q (%v)", got, err)
	}
}

func TestWithoutOverridesTheBuiltInOnesAreServed(t *testing.T) {
	for name, user := range map[string]fs.FS{"no folder": nil, "empty folder": fstest.MapFS{}} {
		if _, err := fs.ReadFile(WithOverrides(user), "vsphere/clusterclass.yaml"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
