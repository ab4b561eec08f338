package azure

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// request is one call of a known path.
type request struct {
	path   string // the id that is meant, without what a POST does to it
	vars   map[string]string
	query  url.Values
	body   object
	caller string // the object id of who asks
	action string
}

func (r *request) name() string { return r.path[strings.LastIndexByte(r.path, '/')+1:] }

// answer is what a call that is not refused gets.
type answer struct {
	status    int
	body      any
	operation *operation // that was begun
	again     bool       // the caller is to come again: SDKs wait 30 s unless told otherwise
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

// ServeHTTP answers one call of either host.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	host, _, _ := strings.Cut(r.Host, ":")
	c.receive(host, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	w.Header().Set("X-Ms-Request-Id", guid())
	w.Header().Set("Cache-Control", "no-cache")
	switch host {
	case HostLogin:
		c.login(w, r, body)
	case HostManagement:
		w.Header().Set("X-Ms-Correlation-Request-Id", guid())
		for _, limit := range []string{"Reads", "Writes", "Deletes"} {
			w.Header().Set("X-Ms-Ratelimit-Remaining-Subscription-"+limit, "11999")
		}
		c.manage(w, r, body)
	default:
		http.Error(w, "no host of Azure: "+host, http.StatusMisdirectedRequest)
	}
}

// receive notes a call, and keeps it up if the rehearsal wants it to.
func (c *Cloud) receive(host string, r *http.Request) {
	action := loginAction(r)
	if host == HostManagement {
		action = ""
		if route, _, _ := c.match(r.Method, r.URL.Path); route != nil {
			action = route.action
		}
	}
	if action == "" {
		action = "unknown:" + r.Method
	}
	c.mu.Lock()
	c.calls = append(c.calls, Call{Time: c.now().UTC(), Method: action, Object: r.URL.Path})
	c.mu.Unlock()
	if c.options.Hold != nil {
		c.options.Hold(r.Context(), action)
	}
}

// manage answers one call of Azure Resource Manager.
func (c *Cloud) manage(w http.ResponseWriter, r *http.Request, body []byte) {
	route, vars, path := c.match(r.Method, r.URL.Path)
	caller, refused := c.authenticate(r)
	if refused == nil && route == nil {
		refused = unknownPath(r)
	}
	if refused != nil {
		refused.write(w)
		return
	}
	in := &request{path: path, vars: vars, query: r.URL.Query(), caller: caller, action: route.action}
	if r.Method == http.MethodPost {
		in.path = in.path[:strings.LastIndexByte(in.path, '/')]
	}
	if refused = c.check(in); refused == nil && len(body) > 0 && r.Method != http.MethodGet {
		if err := json.Unmarshal(body, &in.body); err != nil {
			refused = invalid("InvalidRequestContent", "The request content was invalid and could not be deserialized: '%s'.", err)
		}
	}
	if refused != nil {
		refused.write(w)
		return
	}
	out, refused := route.do(in)
	if refused != nil {
		refused.write(w)
		return
	}
	if out.operation != nil {
		out.operation.announce(w.Header(), out.status, in.query.Get("api-version"))
	}
	if out.operation != nil || out.again {
		w.Header().Set("Retry-After", "1")
	}
	if out.body == nil {
		w.WriteHeader(out.status)
		return
	}
	writeJSON(w, out.status, out.body)
}
