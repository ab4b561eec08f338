package aws

import "testing"

func TestPreflightPasses(t *testing.T) {
	l := newLab(t)
	for _, f := range l.preflight(l.request(nil)) {
		t.Errorf("%+v", f)
	}
}
