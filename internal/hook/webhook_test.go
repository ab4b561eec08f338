package hook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/hook"
	"github.com/slipway-sh/slipway/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// long is far more than anything here takes.
const long = time.Minute

// key signs, in the spelling of the Standard Webhooks specification without its prefix.
const key = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// request is what a receiver got.
type request struct {
	http.Header
	body []byte
	at   time.Time
}

// receiver answers each request with the next of its statuses, and with the last of them from then on.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
}

func receive(t *testing.T, answer func(n int, w http.ResponseWriter)) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		body, _ := io.ReadAll(in.Body)
		r.mu.Lock()
		r.requests = append(r.requests, request{in.Header, body, time.Now()})
		n := len(r.requests)
		r.mu.Unlock()
		answer(n, w)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) got() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests
}

func statuses(codes ...int) func(int, http.ResponseWriter) {
	return func(n int, w http.ResponseWriter) { w.WriteHeader(codes[min(n, len(codes))-1]) }
}

func webhook(url string) config.Hook {
	return config.Hook{
		Events: []string{config.HookReady, config.HookFailed, config.HookDeleted}, Webhook: secret.New(url), Secret: secret.New(key), Host: "host",
	}
}

func ready(cluster string) hook.Event {
	return hook.Event{
		Name: config.HookReady, Time: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), Family: "sites",
		Data: hook.Data{Cluster: cluster, Namespace: "default", ManagementCluster: "mgmt", Infrastructure: "vsphere", Fleet: "sites", Action: "create", Status: "done", Seconds: 12.5},
	}
}

// failures collects what was not told.
type failures struct {
	mu   sync.Mutex
	list []string
}

func (f *failures) add(x hook.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, x.Event.Data.Cluster+": "+x.Err.Error())
}

// tell sends events and waits until it is over.
func tell(t *testing.T, hooks []config.Hook, events ...hook.Event) []string {
	t.Helper()
	var f failures
	s := hook.Start(t.Context(), hook.Options{Hooks: hooks, Environ: []string{"PATH=/usr/bin:/bin", "MINE=kept"}, Failed: f.add})
	s.Hurry(time.Millisecond, long, long)
	for _, e := range events {
		s.Tell(e)
	}
	s.Close(t.Context())
	if s.Waiting() != 0 {
		t.Errorf("%d are said to be waiting", s.Waiting())
	}
	return f.list
}

// TestSignature has the signature of the specification's own example come out, and a receiver that knows only the
// specification accept what arrives.
func TestSignature(t *testing.T) {
	if got := signature("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`)); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Fatalf("this test does not sign as the specification does: %s", got)
	}
	r := receive(t, statuses(http.StatusOK))
	if failed := tell(t, []config.Hook{webhook(r.URL)}, ready("dev1")); failed != nil {
		t.Fatal(failed)
	}
	got := r.got()[0]
	if want := signature(got.Get("Webhook-Id"), got.Get("Webhook-Timestamp"), got.body); got.Get("Webhook-Signature") != want {
		t.Errorf("signed %q, want %q", got.Get("Webhook-Signature"), want)
	}
	unsigned := webhook(r.URL)
	unsigned.Secret = secret.String{}
	if failed := tell(t, []config.Hook{unsigned}, ready("dev1")); failed != nil || r.got()[1].Get("Webhook-Signature") != "" {
		t.Errorf("without a key: %v, %v", failed, r.got()[1])
	}
}

// signature follows the specification, and none of its libraries.
func signature(id, timestamp string, body []byte) string {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		panic(err)
	}
	h := hmac.New(sha256.New, raw)
	_, _ = fmt.Fprintf(h, "%s.%s.%s", id, timestamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func TestCloudEvent(t *testing.T) {
	r := receive(t, statuses(http.StatusNoContent))
	if failed := tell(t, []config.Hook{webhook(r.URL)}, ready("dev1")); failed != nil {
		t.Fatal(failed)
	}
	got := r.got()[0]
	if got.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" {
		t.Errorf("Content-Type %q", got.Get("Content-Type"))
	}
	var e map[string]any
	if err := json.Unmarshal(got.body, &e); err != nil {
		t.Fatal(err)
	}
	if e["id"] == "" || e["id"] != got.Get("Webhook-Id") {
		t.Errorf("id %v, and %q in the header", e["id"], got.Get("Webhook-Id"))
	}
	delete(e, "id")
	want := map[string]any{
		"specversion": "1.0", "type": "sh.slipway.cluster.ready", "source": "/management-clusters/mgmt", "subject": "default/dev1",
		"time": "2026-11-21T12:00:00Z", "datacontenttype": "application/json",
		"data": map[string]any{
			"cluster": "dev1", "namespace": "default", "managementCluster": "mgmt", "infrastructure": "vsphere", "fleet": "sites",
			"action": "create", "status": "done", "seconds": 12.5,
		},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAnswers has each answer of a receiver, how often it is asked, and what is said of it.
func TestAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func(int, http.ResponseWriter)
		asked  int
		failed string
	}{
		"well":                  {statuses(202), 1, ""},
		"down for a while":      {statuses(503, 502, 204), 3, ""},
		"too many for a while":  {statuses(429, 200), 2, ""},
		"down":                  {statuses(500), 5, "dev1: the answer is 500 Internal Server Error"},
		"not understood":        {statuses(400), 1, "dev1: the answer is 400 Bad Request"},
		"not allowed, then yes": {statuses(401, 200), 1, "dev1: the answer is 401 Unauthorized"},
		"later than is waited for": {func(_ int, w http.ResponseWriter) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		}, 1, "dev1: the answer is 429 Too Many Requests: retry after 1h0m0s"},
		"cut off": {func(n int, w http.ResponseWriter) {
			if n == 1 {
				panic(http.ErrAbortHandler)
			}
		}, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t, tc.answer)
			failed := tell(t, []config.Hook{webhook(r.URL + "/token")}, ready("dev1"))
			if got := strings.Join(failed, "; "); got != tc.failed {
				t.Errorf("failed %q, want %q", got, tc.failed)
			}
			got := r.got()
			if len(got) != tc.asked {
				t.Errorf("asked %d times, want %d", len(got), tc.asked)
			}
			for _, again := range got {
				if again.Get("Webhook-Id") != got[0].Get("Webhook-Id") || string(again.body) != string(got[0].body) {
					t.Error("another attempt was another event")
				}
				if again.Get("Webhook-Signature") != signature(again.Get("Webhook-Id"), again.Get("Webhook-Timestamp"), again.body) {
					t.Error("another attempt is signed wrongly")
				}
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for name, header := range map[string]func() string{
		"seconds":       func() string { return "1" },
		"a time of day": func() string { return time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat) }, // whole seconds
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := receive(t, func(n int, w http.ResponseWriter) {
				if n == 1 {
					w.Header().Set("Retry-After", header())
					w.WriteHeader(http.StatusTooManyRequests)
				}
			})
			failed := tell(t, []config.Hook{webhook(r.URL)}, ready("dev1"))
			got := r.got()
			if failed != nil || len(got) != 2 || got[1].at.Sub(got[0].at) < 900*time.Millisecond { // the pause is a millisecond otherwise
				t.Errorf("failed %v, asked %d times", failed, len(got))
			}
		})
	}
}

// TestRedirect wants nothing that is signed to go where the file does not say.
func TestRedirect(t *testing.T) {
	other := receive(t, statuses(200))
	r := receive(t, func(_ int, w http.ResponseWriter) {
		w.Header().Set("Location", other.URL+"/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	failed := tell(t, []config.Hook{webhook(r.URL)}, ready("dev1"))
	want := "dev1: the answer is 307 Temporary Redirect: it has moved to " + other.Listener.Addr().String() + ", which is not followed"
	if len(r.got()) != 1 || len(other.got()) != 0 || len(failed) != 1 || failed[0] != want {
		t.Errorf("asked %d times, the other %d times; %q, want %q", len(r.got()), len(other.got()), failed, want)
	}
}

// TestNoPartOfAURLIsTold has a receiver that is gone, whose path is a password.
func TestNoPartOfAURLIsTold(t *testing.T) {
	r := receive(t, statuses(200))
	url := r.URL
	r.Close()
	failed := tell(t, []config.Hook{webhook(strings.Replace(url, "http://", "http://user:hunter2@", 1) + "/T0KEN?a=T0KEN")}, ready("dev1"))
	if len(failed) != 1 || !strings.Contains(failed[0], "refused") || strings.Contains(failed[0], "T0KEN") || strings.Contains(failed[0], "hunter2") {
		t.Errorf("%q", failed)
	}
}

func TestOfAnotherAuthority(t *testing.T) {
	asked := 0
	r := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer r.Close()
	r.Config.ErrorLog = nil
	failed := tell(t, []config.Hook{webhook(r.URL)}, ready("dev1"))
	if asked != 0 || len(failed) != 1 || !strings.Contains(failed[0], "certificate") {
		t.Errorf("asked %d times, %q", asked, failed)
	}
}

// TestWhoIsTold has hooks that want some events, of some fleets.
func TestWhoIsTold(t *testing.T) {
	r := receive(t, statuses(200))
	hooks := make([]config.Hook, 4)
	for i := range hooks {
		hooks[i] = webhook(r.URL)
	}
	hooks[0].Events = []string{config.HookFailed}
	hooks[1].Family = "others"
	hooks[2].Family = "sites"
	if failed := tell(t, hooks, ready("dev1")); failed != nil {
		t.Fatal(failed)
	}
	got := r.got()
	if len(got) != 2 || got[0].Get("Webhook-Id") != got[1].Get("Webhook-Id") {
		t.Errorf("%d hooks were told", len(got))
	}
	if failed := tell(t, hooks, ready("dev1")); failed != nil || r.got()[2].Get("Webhook-Id") == got[0].Get("Webhook-Id") {
		t.Error("the same again has the same id")
	}
}

// TestABlackHoleHoldsUpNothing has a receiver that never answers: other hooks are told, Tell never waits, and Close gives
// up and says what is lost.
func TestABlackHoleHoldsUpNothing(t *testing.T) {
	for name, leave := range map[string]struct{ interrupted bool }{"in the end": {}, "interrupted": {true}} {
		t.Run(name, func(t *testing.T) {
			gone := make(chan struct{})
			hole := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-gone }))
			defer hole.Close()
			defer close(gone)
			told := make(chan struct{}, 100)
			r := receive(t, func(int, http.ResponseWriter) { told <- struct{}{} })
			var f failures
			s := hook.Start(t.Context(), hook.Options{Hooks: []config.Hook{webhook(hole.URL), webhook(r.URL)}, Failed: f.add})
			s.Hurry(time.Millisecond, 10*time.Millisecond, long)
			ctx, cancel := context.WithCancel(t.Context())
			if leave.interrupted {
				s.Hurry(time.Millisecond, long, 10*time.Millisecond)
				cancel()
			}
			for range 10 {
				s.Tell(ready("dev1"))
			}
			for range 10 {
				<-told
			}
			s.Close(ctx)
			cancel()
			if len(f.list) != 10 || f.list[0] != "dev1: no time was left" || len(r.got()) != 10 {
				t.Errorf("%d lost, %d told: %q", len(f.list), len(r.got()), f.list)
			}
		})
	}
}

func TestASlowAnswerIsTriedAgain(t *testing.T) {
	gone := make(chan struct{})
	r := receive(t, func(n int, _ http.ResponseWriter) {
		if n == 1 {
			<-gone
		}
	})
	defer close(gone)
	h := webhook(r.URL)
	h.Timeout = 50 * time.Millisecond
	failed := tell(t, []config.Hook{h}, ready("dev1"))
	if len(r.got()) < 2 || len(failed) > 0 && failed[0] != "dev1: no answer within 50ms" { // a busy machine may miss 50 ms again
		t.Errorf("asked %d times, %q", len(r.got()), failed)
	}
}
