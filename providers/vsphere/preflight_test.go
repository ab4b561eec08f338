package vsphere

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

func TestPreflightOfAGoodRequestFindsNothingAndLogsOut(t *testing.T) {
	l := newLab(t)
	for _, f := range l.preflight(l.request(nil)) {
		t.Errorf("unexpected finding: %+v", f)
	}
	if n := l.sessions(); n != 0 {
		t.Errorf("%d sessions are still logged in", n)
	}
}

// finding is what a case expects of one finding.
type finding struct {
	severity uerr.Severity
	code     uerr.Code
	where    string
	problem  string // part of it
	next     string // part of it
}

type preflightCase struct {
	model    func(*simulator.Model)
	lab      func(*lab)
	settings map[string]string
	version  string // replaces v1.36.3 when set; "-" asks for none
	want     []finding
}

func TestPreflight(t *testing.T) {
	groups := []map[string]preflightCase{
		connectionCases(), placementCases(), storageCases(), networkCases(), templateCases(), endpointCases(), userCases(),
	}
	shared := newLab(t) // for the cases that change nothing in it
	for _, cases := range groups {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				l := shared
				if c.model != nil || c.lab != nil {
					t.Parallel()
					l = c.newLab(t)
				}
				c.run(t, l)
			})
		}
	}
}

func (c preflightCase) newLab(t *testing.T) *lab {
	var edit []func(*simulator.Model)
	if c.model != nil {
		edit = append(edit, c.model)
	}
	l := newLab(t, edit...)
	if c.lab != nil {
		c.lab(l)
	}
	return l
}

func (c preflightCase) run(t *testing.T, l *lab) {
	r := l.request(c.settings)
	switch c.version {
	case "":
	case "-":
		r.KubernetesVersion = ""
	default:
		r.KubernetesVersion = c.version
	}
	var got uerr.Findings
	for _, f := range l.preflight(r) {
		if f.Where != "preflight" { // what was skipped has a test of its own
			got = append(got, f)
		}
	}
	if len(got) != len(c.want) {
		t.Fatalf("got %d findings, want %d: %+v", len(got), len(c.want), got)
	}
	for n, want := range c.want {
		if got[n].Severity != want.severity || got[n].Code != want.code || want.where != "" && got[n].Where != want.where ||
			!strings.Contains(got[n].Problem, want.problem) || !strings.Contains(got[n].Next, want.next) {
			t.Errorf("got %+v\nwant %+v", got[n], want)
		}
	}
	if n := l.sessions(); n != 0 {
		t.Errorf("%d sessions are still logged in", n)
	}
}

func connectionCases() map[string]preflightCase {
	return map[string]preflightCase{
		"no server and no user": {
			settings: map[string]string{keyServer: "", keyUsername: ""},
			want: []finding{
				{where: keyServer, problem: "VSPHERE_SERVER is not set", next: "set VSPHERE_SERVER"},
				{where: keyUsername, problem: "VSPHERE_USERNAME is not set"},
			},
		},
		"wrong password": {
			settings: map[string]string{keyPassword: "wrong"},
			want:     []finding{{code: uerr.Credentials, where: "$VSPHERE_PASSWORD", problem: "refuses the user name or the password", next: keyPassword}},
		},
		"nothing listens": {
			settings: map[string]string{keyServer: "127.0.0.1:1"},
			want:     []finding{{code: uerr.Failure, where: "$VSPHERE_SERVER", problem: "cannot be reached", next: "HTTPS_PROXY"}},
		},
		"wrong thumbprint": {
			settings: map[string]string{keyThumbprint: strings.Repeat("AB:", 19) + "AB"},
			want:     []finding{{code: uerr.Failure, where: "$VSPHERE_TLS_THUMBPRINT", problem: "is not the pinned one", next: `set VSPHERE_TLS_THUMBPRINT to "`}},
		},
		"certificate of nobody": {
			settings: map[string]string{keyThumbprint: ""},
			want:     []finding{{code: uerr.Failure, where: keyThumbprint, problem: "not trusted", next: `set VSPHERE_TLS_THUMBPRINT to "`}},
		},
		"insecure": {settings: map[string]string{keyThumbprint: "", keyInsecure: "true"}},
		"6.7 Update 2": {
			model: func(m *simulator.Model) { m.ServiceContent.About.ApiVersion = "6.7.2" },
			want:  []finding{{where: "$VSPHERE_SERVER", problem: "6.7.2 is older than 6.7.3", next: "upgrade vCenter"}},
		},
		"6.7 Update 3": {model: func(m *simulator.Model) { m.ServiceContent.About.ApiVersion = "6.7.3" }},
		"8.0":          {model: func(m *simulator.Model) { m.ServiceContent.About.ApiVersion = "8.0.2.0" }},
		"a single host": {
			model: func(m *simulator.Model) { m.ServiceContent.About.ApiType = "HostAgent" },
			want:  []finding{{where: "$VSPHERE_SERVER", problem: "is no vCenter", next: "the vCenter that manages"}},
		},
	}
}

func placementCases() map[string]preflightCase {
	return map[string]preflightCase{
		"datacenter missing": {
			settings: map[string]string{keyDatacenter: "DC9"},
			want:     []finding{{where: "$VSPHERE_DATACENTER", problem: `datacenter "DC9" is not in the inventory`, next: "one of: /DC0"}},
		},
		"pool missing": {
			settings: map[string]string{keyPool: "nowhere"},
			want:     []finding{{where: "$VSPHERE_RESOURCE_POOL", problem: `resource pool "nowhere"`, next: "/DC0/host/DC0_C0/Resources"}},
		},
		"pool not unique": {
			settings: map[string]string{keyPool: ""},
			want:     []finding{{where: keyPool, problem: "more than one resource pool", next: "/DC0/host/DC0_H0/Resources"}},
		},
		"DRS off": {
			lab:  func(l *lab) { l.setDRS(false) },
			want: []finding{{where: "$VSPHERE_RESOURCE_POOL", problem: "cluster DC0_C0 has DRS switched off", next: "switch DRS on"}},
		},
		"single host": {
			settings: map[string]string{keyPool: "/DC0/host/DC0_H0/Resources"},
			want:     []finding{{severity: uerr.Warning, where: "$VSPHERE_RESOURCE_POOL", problem: "single host DC0_H0", next: "cluster with DRS"}},
		},
		"folder missing": {
			settings: map[string]string{keyFolder: "/DC0/vm/nowhere"},
			want:     []finding{{where: "$VSPHERE_FOLDER", problem: `folder "/DC0/vm/nowhere"`, next: "/DC0/vm"}},
		},
	}
}

func (l *lab) setDRS(on bool) {
	cluster, err := l.finder.ClusterComputeResource(l.t.Context(), "DC0_C0")
	if err != nil {
		l.t.Fatal(err)
	}
	spec := &types.ClusterConfigSpecEx{DrsConfig: &types.ClusterDrsConfigInfo{Enabled: &on}}
	l.wait(cluster.Reconfigure(l.t.Context(), spec, true))
}

// sim gives the simulator's own object, to change what no call of the API can.
func sim[T any](l *lab, ref object.Reference) T {
	l.t.Helper()
	found, ok := l.model.Map().Get(ref.Reference()).(T)
	if !ok {
		l.t.Fatalf("%s is a %T", ref.Reference(), l.model.Map().Get(ref.Reference()))
	}
	return found
}

func (l *lab) simDatastore() *simulator.Datastore {
	ds, err := l.finder.Datastore(l.t.Context(), "LocalDS_0")
	if err != nil {
		l.t.Fatal(err)
	}
	return sim[*simulator.Datastore](l, ds)
}

func TestPreflightReportsEverythingAtOnceAndSaysWhatItSkipped(t *testing.T) {
	l := newLab(t)
	findings := l.preflight(l.request(map[string]string{
		keyDatastore: "nods", keyNetwork: "nonet", keySSH: "no key", keyPool: "nopool", keyEndpoint: "192.0.2.10",
	}))
	var got []string
	for _, f := range findings {
		got = append(got, f.Where+": "+f.Problem)
	}
	want := []string{
		`$VSPHERE_RESOURCE_POOL: resource pool "nopool" is not in the inventory, or the user may not see it`,
		`$VSPHERE_DATASTORE: datastore "nods" is not in the inventory, or the user may not see it`,
		`$VSPHERE_NETWORK: network "nonet" is not in the inventory, or the user may not see it`,
		`$VSPHERE_SSH_AUTHORIZED_KEY: VSPHERE_SSH_AUTHORIZED_KEY is no public key of OpenSSH's format`,
		"preflight: not checked, because the check of the resource pool did not pass: cluster",
		"preflight: not checked, because the check of the datastore did not pass: free space",
		"preflight: not checked, because the check of the network did not pass: endpoint's network",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPreflightWithoutLoginStillChecksWhatItCan(t *testing.T) {
	l := newLab(t)
	findings := l.preflight(l.request(map[string]string{keyPassword: "wrong", keySSH: "no key"}))
	if len(findings) != 3 || uerr.ExitCode(findings) != uerr.Credentials || !strings.Contains(findings[1].Problem, "public key") ||
		!strings.Contains(findings[2].Problem, "API version, datacenter, resource pool") {
		t.Errorf("got %+v", findings)
	}
}

func TestPreflightOfAManagementPlaneAsksOnlyAboutTheVCenter(t *testing.T) {
	l := newLab(t)
	r := l.request(map[string]string{keyDatacenter: "DC9", keyDatastore: "", keyEndpoint: "", keySSH: ""})
	r.ControlPlane, r.Workers, r.KubernetesVersion = 0, 0, ""
	if findings := l.preflight(r); len(findings) != 0 {
		t.Errorf("got %+v", findings)
	}
	r.Config = l.request(map[string]string{keyPassword: "wrong"}).Config
	if findings := l.preflight(r); uerr.ExitCode(findings) != uerr.Credentials {
		t.Errorf("got %+v", findings)
	}
}

func TestPreflightStopsWithItsContext(t *testing.T) {
	l := newLab(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("somebody pressed Ctrl-C"))
	_, err := l.provider.Preflight(ctx, l.request(nil))
	if err == nil || !strings.Contains(err.Error(), "Ctrl-C") {
		t.Errorf("got %v", err)
	}
}

func TestFindingsNameTheLineOfTheFile(t *testing.T) {
	l := newLab(t)
	file := writeFile(t, "config.yaml", "# mine\nVSPHERE_DATACENTER: DC9\n")
	delete(l.settings, keyDatacenter)
	r := l.request(nil)
	r.Config = load(t, config.Options{File: file, Environ: environ(l.settings)})
	findings := l.preflight(r)
	if want := fmt.Sprintf("%s:2", file); findings[0].Where != want {
		t.Errorf("got %q, want %q", findings[0].Where, want)
	}
}
