package azure

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strconv"
)

// refusal is an error in the words of Azure Resource Manager.
type refusal struct {
	status        int
	code, message string
	retryAfter    int // seconds, if the caller is to come again
}

func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// invalid is a refusal of what a request says.
func invalid(code, format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, code, format, args...)
}

func overloaded() *refusal {
	return &refusal{http.StatusServiceUnavailable, "ServerTimeout", "The request timed out. Please try again later.", 1}
}

func groupMissing(group string) *refusal {
	return refuse(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", group)
}

func missing(kind, id string) *refusal {
	return refuse(http.StatusNotFound, "ResourceNotFound", "The Resource '%s/%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
		kind, path.Base(id), groupOf(id))
}

func unknownPath(r *http.Request) *refusal {
	return refuse(http.StatusNotFound, "InvalidResourceType", "The rehearsal's Azure does not know %s %s.", r.Method, r.URL.Path)
}

func (f *refusal) body() object { return object{"error": f.detail()} }

func (f *refusal) detail() object { return object{"code": f.code, "message": f.message} }

func (f *refusal) write(w http.ResponseWriter) {
	if f.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.retryAfter))
	}
	w.Header().Set("X-Ms-Error-Code", f.code)
	writeJSON(w, f.status, f.body())
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(raw) //nolint:errcheck // a client that is gone needs no answer
}
