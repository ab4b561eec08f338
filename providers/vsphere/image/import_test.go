package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/vsphere/image/ovatest"
)

func writeFile(t *testing.T, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ubuntu-kube.ova")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// withVCenter runs a test against a simulator, with the place that an import goes to.
func withVCenter(t *testing.T, test func(ctx context.Context, client *vim25.Client, place Place)) {
	t.Helper()
	model := simulator.VPX()
	model.Machine = 1
	err := model.Run(func(ctx context.Context, client *vim25.Client) error {
		finder := find.NewFinder(client, false)
		dc, err := finder.DefaultDatacenter(ctx)
		if err != nil {
			return err
		}
		finder.SetDatacenter(dc)
		pool, err1 := finder.ResourcePool(ctx, "/DC0/host/DC0_C0/Resources")
		folder, err2 := finder.DefaultFolder(ctx)
		store, err3 := finder.DefaultDatastore(ctx)
		network, err4 := finder.Network(ctx, "VM Network")
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return err
		}
		test(ctx, client, Place{Pool: pool, Folder: folder, Datastore: store, Network: network})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func vmNames(ctx context.Context, t *testing.T, client *vim25.Client) []string {
	t.Helper()
	list, err := find.NewFinder(client, false).VirtualMachineList(ctx, "/DC0/vm/*")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, vm := range list {
		names = append(names, vm.Name())
	}
	slices.Sort(names)
	return names
}

func properties(ctx context.Context, t *testing.T, client *vim25.Client, path string) mo.VirtualMachine {
	t.Helper()
	vm, err := find.NewFinder(client, false).VirtualMachine(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	var props mo.VirtualMachine
	if err := vm.Properties(ctx, vm.Reference(), []string{"config", "snapshot", "network"}, &props); err != nil {
		t.Fatal(err)
	}
	return props
}

func TestImportMakesATemplateAndRepeatsNothing(t *testing.T) {
	for _, algorithm := range []string{"SHA1", "SHA256", "SHA512"} {
		t.Run(algorithm, func(t *testing.T) {
			withVCenter(t, func(ctx context.Context, client *vim25.Client, place Place) {
				file := ovatest.Write(t, ovatest.Parts(algorithm))
				var last, total int64
				result, err := Import(ctx, client, Request{File: file, Place: place}, func(d, all int64) {
					if d < last {
						t.Errorf("progress goes back from %d to %d", last, d)
					}
					last, total = d, all
				})
				if err != nil {
					t.Fatal(err)
				}
				if want := (Result{Path: "/DC0/vm/ubuntu-kube", Imported: true}); result != want {
					t.Errorf("got %+v", result)
				}
				if last != total || total < 2*ovatest.DiskSize {
					t.Errorf("progress ended at %d of %d", last, total)
				}
				props := properties(ctx, t, client, result.Path)
				if !props.Config.Template || props.Snapshot == nil || props.Network[0] != place.Network.Reference() {
					t.Errorf("template %v, snapshot %v, network %v", props.Config.Template, props.Snapshot, props.Network)
				}
				before := vmNames(ctx, t, client)
				again, err := Import(ctx, client, Request{File: file, Place: place}, nil)
				if err != nil || again.Imported || again.Repaired {
					t.Errorf("the second time: %+v, %v", again, err)
				}
				if after := vmNames(ctx, t, client); !slices.Equal(before, after) {
					t.Errorf("the second time made %v of %v", after, before)
				}
			})
		})
	}
}

func TestImportRefusesBeforeItSends(t *testing.T) {
	edit := func(change func([]ovatest.Part) []ovatest.Part) func(t *testing.T) string {
		return func(t *testing.T) string { return ovatest.Write(t, change(ovatest.Parts("SHA256"))) }
	}
	manifest := func(from, to string) func([]ovatest.Part) []ovatest.Part {
		return func(p []ovatest.Part) []ovatest.Part {
			p[1].Content = []byte(strings.Replace(string(p[1].Content), from, to, 1))
			return p
		}
	}
	for name, c := range map[string]struct {
		file func(t *testing.T) string
		want string
	}{
		"one bit of the disk": {edit(func(p []ovatest.Part) []ovatest.Part { p[2].Content[ovatest.DiskSize-1] ^= 1; return p }), "node-disk1.vmdk is damaged"},
		"one bit of the descriptor": {edit(func(p []ovatest.Part) []ovatest.Part {
			p[0].Content = bytes.Replace(p[0].Content, []byte("a node"), []byte("a mode"), 1)
			return p
		}), "node.ovf is damaged"},
		"cut in the disk": {func(t *testing.T) string {
			whole, err := os.ReadFile(ovatest.Write(t, ovatest.Parts("SHA256")))
			if err != nil {
				t.Fatal(err)
			}
			return writeFile(t, whole[:len(whole)/2])
		}, "cut short"},
		"cut in a header": {func(t *testing.T) string {
			whole, err := os.ReadFile(ovatest.Write(t, ovatest.Parts("SHA256")))
			if err != nil {
				t.Fatal(err)
			}
			return writeFile(t, whole[:300])
		}, "is no OVA or is cut short"},
		"empty":                 {func(t *testing.T) string { return writeFile(t, nil) }, "no .ovf descriptor"},
		"text":                  {func(t *testing.T) string { return writeFile(t, bytes.Repeat([]byte("no tar\n"), 200)) }, "is no OVA"},
		"no such file":          {func(t *testing.T) string { return filepath.Join(t.TempDir(), "none.ova") }, "no such file"},
		"no disk":               {edit(func(p []ovatest.Part) []ovatest.Part { return p[:2] }), "node-disk1.vmdk is missing"},
		"no manifest":           {edit(func(p []ovatest.Part) []ovatest.Part { return []ovatest.Part{p[0], p[2]} }), "has no manifest"},
		"no descriptor":         {edit(func(p []ovatest.Part) []ovatest.Part { return p[1:] }), "no .ovf descriptor"},
		"two disks of one name": {edit(func(p []ovatest.Part) []ovatest.Part { return append(p, p[2]) }), "twice"},
		"two descriptors": {edit(func(p []ovatest.Part) []ovatest.Part {
			return append(p, ovatest.Part{Name: "x.ovf", Content: p[0].Content})
		}), "two descriptors"},
		"descriptor that is no XML":     {edit(func(p []ovatest.Part) []ovatest.Part { p[0].Content = []byte("<"); return p }), "descriptor node.ovf"},
		"descriptor without a machine":  {edit(func(p []ovatest.Part) []ovatest.Part { p[0].Content = []byte("<Envelope/>"); return p }), "describes no virtual machine"},
		"manifest without the disk":     {edit(manifest("node-disk1.vmdk", "other")), "does not name node-disk1.vmdk"},
		"manifest without descriptor":   {edit(manifest("node.ovf", "other")), "does not name node.ovf"},
		"manifest of another algorithm": {edit(manifest("SHA256", "MD5")), "algorithm MD5 is not known"},
		"manifest that is none":         {edit(manifest("SHA256(", "hello ")), "no checksum"},
		"size in the descriptor": {edit(func(p []ovatest.Part) []ovatest.Part {
			p[0].Content = bytes.Replace(p[0].Content, fmt.Appendf(nil, `size="%d"`, ovatest.DiskSize), []byte(`size="7"`), 1)
			return p
		}), "the descriptor says 7"},
	} {
		t.Run(name, func(t *testing.T) {
			// A client that would panic on its first call: nothing may be asked, let alone sent.
			_, err := Import(t.Context(), nil, Request{File: c.file(t)}, nil)
			var e *uerr.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || e.Next == "" {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestRefusalNamesEverythingThatIsWrong(t *testing.T) {
	p := ovatest.Parts("SHA256")
	p[0].Content = append(p[0].Content, '\n')
	p[2].Content[0] ^= 1
	_, err := Import(t.Context(), nil, Request{File: ovatest.Write(t, p)}, nil)
	if err == nil || !strings.Contains(err.Error(), "node.ovf is damaged") || !strings.Contains(err.Error(), "node-disk1.vmdk is damaged") {
		t.Errorf("got %v", err)
	}
}

func TestInterruptedImportIsCleanedUpAndRedone(t *testing.T) {
	withVCenter(t, func(ctx context.Context, client *vim25.Client, place Place) {
		file := ovatest.Write(t, ovatest.Parts("SHA256"))
		stopped, cancel := context.WithCancelCause(ctx)
		_, err := Import(stopped, client, Request{File: file, Place: place}, func(done, total int64) {
			if done > total*3/4 { // in the middle of the upload
				cancel(errors.New("pulled the plug"))
			}
		})
		if err == nil {
			t.Fatal("a cancelled import ended well")
		}
		if props := properties(ctx, t, client, "/DC0/vm/ubuntu-kube"); props.Config.Template {
			t.Fatal("half an image is a template")
		}
		result, err := Import(ctx, client, Request{File: file, Place: place}, nil)
		if err != nil || !result.Imported || !result.Repaired {
			t.Fatalf("got %+v, %v", result, err)
		}
		if props := properties(ctx, t, client, result.Path); !props.Config.Template || props.Snapshot == nil {
			t.Error("the repaired image is not whole")
		}
	})
}

// existingCase is a machine that has the name already.
type existingCase struct {
	annotation         string // DIGEST stands for the file's
	snapshot, template bool
	on                 bool
	want               state
	refused            string
}

func TestWhatHasTheNameAlready(t *testing.T) {
	done, open := annotationDone+"DIGEST", annotationOpen+"DIGEST"
	cases := map[string]existingCase{
		"whole":                        {annotation: done, snapshot: true, template: true, want: complete},
		"ours without a snapshot":      {annotation: done, template: true, want: interrupted},
		"ours and no template":         {annotation: done, snapshot: true, want: interrupted},
		"ours and not finished":        {annotation: open, snapshot: true, template: true, want: interrupted},
		"ours from the first moment":   {annotation: open, want: interrupted},
		"ours of another OVA":          {annotation: annotationDone + "other", snapshot: true, template: true, refused: "from another OVA"},
		"ours and on":                  {annotation: open, on: true, refused: "switched on"},
		"somebody's template":          {annotation: "mine", snapshot: true, template: true, want: complete},
		"somebody's machine":           {annotation: "mine", refused: "Slipway did not make it"},
		"somebody's template, no snap": {template: true, refused: "Slipway did not make it"},
	}
	file := ovatest.Write(t, ovatest.Parts("SHA256"))
	a, err := openArchive(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	digest, err := a.verify(t.Context(), func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			withVCenter(t, func(ctx context.Context, client *vim25.Client, place Place) {
				vm := c.make(ctx, t, client, digest)
				result, err := Import(ctx, client, Request{File: file, Name: "taken", Place: place}, nil)
				if c.refused != "" {
					if uerr.ExitCode(err) != uerr.Usage || !strings.Contains(err.Error(), c.refused) {
						t.Errorf("got %v", err)
					}
					if err := vm.Properties(ctx, vm.Reference(), []string{"name"}, new(mo.VirtualMachine)); err != nil {
						t.Errorf("it was touched: %v", err)
					}
					return
				}
				if err != nil || result.Repaired != (c.want == interrupted) || result.Imported != result.Repaired {
					t.Errorf("got %+v, %v", result, err)
				}
			})
		})
	}
}

func (c existingCase) make(ctx context.Context, t *testing.T, client *vim25.Client, digest string) *object.VirtualMachine {
	t.Helper()
	vm, err := find.NewFinder(client, false).VirtualMachine(ctx, "/DC0/vm/DC0_C0_RP0_VM0")
	if err != nil {
		t.Fatal(err)
	}
	wait := func(task *object.Task, err error) {
		if err == nil {
			err = task.Wait(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	wait(vm.Rename(ctx, "taken"))
	wait(vm.Reconfigure(ctx, types.VirtualMachineConfigSpec{Annotation: strings.Replace(c.annotation, "DIGEST", digest, 1)}))
	if !c.on {
		wait(vm.PowerOff(ctx))
	}
	if c.snapshot {
		wait(vm.CreateSnapshot(ctx, "s", "", false, false))
	}
	if c.template {
		if err := vm.MarkAsTemplate(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return vm
}

func TestNameOf(t *testing.T) {
	for in, want := range map[string]string{"/a/ubuntu-2404-kube-v1.36.3.ova": "ubuntu-2404-kube-v1.36.3", "b.ova": "b", "c": "c"} {
		if got := NameOf(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
