package aws

import (
	"bytes"
	"cmp"

	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/providertest"
)

const (
	labRegion = "eu-central-1"
	labID     = "AKIALABLABLABLABLAB1"
	labSecret = "lab/s3cret+lab&s3cret"
)

// emulator is moto in a process of its own, one for all tests of the package. Each test has an account of its own in it.
type emulator struct {
	address  string
	accounts atomic.Int64
}

var (
	started  *emulator
	stopMoto = func() {}
	starting sync.Once
	failure  error
)

// TestMain only ends the emulator, which the first test that needs it starts.
func TestMain(m *testing.M) {
	code := m.Run()
	stopMoto()
	os.Exit(code)
}

// moto is the emulator; without it the tests fail, because nothing else can stand in for a cloud.
func moto(t *testing.T) *emulator {
	t.Helper()
	starting.Do(func() { started, failure = startMoto() })
	if failure != nil {
		t.Fatal(failure)
	}
	return started
}

func startMoto() (*emulator, error) {
	program := os.Getenv("SLIPWAY_MOTO")
	if program == "" {
		program = "../../.cache/moto/bin/moto_server"
	}
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("the AWS emulator is not installed, run make setup: %w", err)
	}
	images, err := filepath.Abs("testdata/images.json")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	listener.Close()
	_, port, _ := net.SplitHostPort(address)
	var log bytes.Buffer
	server := exec.Command(program, "-H", "127.0.0.1", "-p", port)
	server.Env = []string{"PATH=" + os.Getenv("PATH"), "MOTO_AMIS_PATH=" + images}
	server.Stderr = &log

	if err := server.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	stopMoto = func() { server.Process.Kill(); <-ended }
	for range 2400 {
		select {
		case err := <-ended:
			ended <- err
			return nil, fmt.Errorf("moto ended: %w\n%s", err, log.String())
		case <-time.After(50 * time.Millisecond):
		}
		if answer, err := http.Get("http://" + address + "/moto-api/data.json"); err == nil {
			answer.Body.Close()
			return &emulator{address: address}, nil
		}
	}
	return nil, fmt.Errorf("moto does not answer at %s", address)
}

// account is the road to one account of the emulator. It is what the SDK takes for an HTTP client: it sends every host's
// requests to the emulator, as the simulator's proxy does.
type account struct {
	moto *emulator
	id   string

	mu     sync.Mutex
	calls  map[string]int // by action
	refuse map[string]bool
}

func (a *account) Do(r *http.Request) (*http.Response, error) {
	body, err := a.note(r)
	if err != nil {
		return nil, err
	}
	out := r.Clone(r.Context())
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.Host = cmp.Or(r.Host, r.URL.Host)
	out.URL.Scheme, out.URL.Host = "http", a.moto.address
	out.Header.Set("X-Moto-Account-Id", a.id)
	return http.DefaultClient.Do(out)
}

func (a *account) note(r *http.Request) ([]byte, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	form, _ := url.ParseQuery(string(body))
	a.mu.Lock()
	defer a.mu.Unlock()
	_, target, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".") // of the services that speak JSON
	a.calls[cmp.Or(form.Get("Action"), target)]++
	if a.refuse[r.URL.Host] {
		return nil, &net.DNSError{Err: "no such host", Name: r.URL.Host, IsNotFound: true}
	}
	return body, nil
}

func (a *account) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, c := range a.calls {
		n += c
	}
	return n
}

// lab is an account with everything that a cluster needs: a key pair, the instance profiles and roles, images of v1.35.8 and v1.36.3.
type lab struct {
	t        *testing.T
	account  *account
	cloud    *cloud // for what tests set up and look at
	provider *Provider
	settings map[string]string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	isolate(t)
	m := moto(t)
	a := &account{moto: m, id: fmt.Sprintf("%012d", 100000000000+m.accounts.Add(1)), calls: map[string]int{}, refuse: map[string]bool{}}
	l := &lab{t: t, account: a, provider: New(Options{Client: a}), settings: map[string]string{
		"AWS_REGION": labRegion, "AWS_ACCESS_KEY_ID": labID, "AWS_SECRET_ACCESS_KEY": labSecret,
		"AWS_NODE_AZ": "eu-central-1a", "AWS_SSH_KEY_NAME": "default",
	}}
	opened, err := l.provider.open(t.Context(), l.request(nil).Config)
	if err != nil {
		t.Fatal(err)
	}
	l.cloud = opened
	_, err = l.cloud.ec2.CreateKeyPair(t.Context(), &ec2.CreateKeyPairInput{KeyName: sdk.String("default")})
	l.must(err)
	for _, name := range instanceProfiles() {
		l.makeProfile(name)
	}
	for _, name := range rolesOfEKS() {
		l.makeRole(name)
	}
	return l
}

// isolate keeps the SDK from this machine's own credentials.
func isolate(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "AWS_CONFIG_FILE": filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "credentials"),
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(name, value)
	}
}

func (l *lab) makeProfile(name string) {
	l.t.Helper()
	l.makeRole(name)
	_, err := l.cloud.iam.CreateInstanceProfile(l.t.Context(), &iam.CreateInstanceProfileInput{InstanceProfileName: &name})
	l.must(err)
	_, err = l.cloud.iam.AddRoleToInstanceProfile(l.t.Context(), &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &name, RoleName: &name})
	l.must(err)
}

func (l *lab) makeRole(name string) {
	l.t.Helper()
	_, err := l.cloud.iam.CreateRole(l.t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: sdk.String(`{"Version":"2012-10-17","Statement":[]}`)})
	l.must(err)
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// request is a cluster prod of one and one, with settings changed by pairs; an empty value takes a setting away.
func (l *lab) request(pairs map[string]string) providers.Request {
	l.t.Helper()
	env := maps.Clone(l.settings)
	maps.Copy(env, pairs)
	return providers.Request{
		Config: load(l.t, env), Name: "prod", Namespace: "default", Plan: "dev",
		KubernetesVersion: "v1.36.3", ControlPlane: 1, Workers: 1,
	}
}

func load(t *testing.T, pairs map[string]string) *config.Config {
	t.Helper()
	return providertest.Load(t, config.Table{Provider: "aws", Variables: Variables()}, pairs)
}

// threeZones is a configuration for plan prod.
func threeZones() map[string]string {
	return map[string]string{"AWS_NODE_AZ_1": "eu-central-1b", "AWS_NODE_AZ_2": "eu-central-1c"}
}

// preflight runs all checks and fails the test when they stop early, or when a finding lacks its parts or tells a secret.
func (l *lab) preflight(r providers.Request) uerr.Findings {
	l.t.Helper()
	findings, err := l.provider.Preflight(l.t.Context(), r)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, f := range findings {
		if strings.Contains(f.Problem+f.Next, labSecret) || strings.Contains(f.Problem+f.Next, labID) {
			l.t.Errorf("a finding holds a secret: %+v", f)
		}
		if f.Where == "" || f.Next == "" {
			l.t.Errorf("a finding without place or remedy: %+v", f)
		}
	}
	return findings
}
