package vsphere

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/vsphere/image"
	"github.com/slipway-sh/slipway/providers/vsphere/image/ovatest"
)

func TestAnImportedImageServesLinkedClones(t *testing.T) {
	l := newLab(t)
	r := l.request(map[string]string{keyCloneMode: linkedClone, keyTemplate: "/DC0/vm/ubuntu-kube"})
	if findings := l.preflight(r); !strings.Contains(findings.Error(), "ubuntu-kube") {
		t.Fatalf("without the image: %v", findings)
	}
	file := ovatest.Write(t, ovatest.Parts("SHA256"))
	got, err := l.provider.ImportImage(t.Context(), ImportRequest{Config: r.Config, File: file}, nil)
	if diff := cmp.Diff(image.Result{Path: "/DC0/vm/ubuntu-kube", Imported: true}, got); diff != "" || err != nil {
		t.Fatal(diff, err)
	}
	for _, f := range l.preflight(r) {
		t.Errorf("with the image: %+v", f)
	}
	values, err := l.provider.Values(t.Context(), r)
	if err != nil || values.KubernetesVersion != ovatest.KubernetesVersion {
		t.Errorf("got %s, %v", values.KubernetesVersion, err)
	}
	if n := l.sessions(); n != 0 {
		t.Errorf("%d sessions are still logged in", n)
	}
}

func TestImportImageSaysWhatIsWrongWithThePlaceAndTheFile(t *testing.T) {
	l := newLab(t)
	file := ovatest.Write(t, ovatest.Parts("SHA256")[:2])
	r := ImportRequest{Config: l.request(nil).Config, File: file}
	var e *uerr.Error
	if _, err := l.provider.ImportImage(t.Context(), r, nil); !errors.As(err, &e) || !strings.Contains(err.Error(), "missing from the OVA") {
		t.Errorf("got %v", err)
	}
	r.Config = l.request(map[string]string{keyDatastore: "", keyPolicy: "vSAN Default Storage Policy"}).Config
	if _, err := l.provider.ImportImage(t.Context(), r, nil); err == nil || !strings.Contains(err.Error(), "needs a datastore") {
		t.Errorf("got %v", err)
	}
	r.Config = l.request(map[string]string{keyDatastore: "nowhere", keyNetwork: "nonet"}).Config
	_, err := l.provider.ImportImage(t.Context(), r, nil)
	if err == nil || !strings.Contains(err.Error(), "nowhere") || !strings.Contains(err.Error(), "nonet") {
		t.Errorf("got %v", err)
	}
	if _, err := l.provider.ImportImage(t.Context(), ImportRequest{Config: l.request(map[string]string{keyPassword: "no"}).Config, File: file}, nil); uerr.ExitCode(err) != uerr.Credentials {
		t.Errorf("got %v", err)
	}
}
