package preflight

import "testing"

func TestNearest(t *testing.T) {
	regions := []string{"eu-central-1", "eu-central-2", "us-east-1"}
	for typed, want := range map[string]string{"eu-centrl-1": "eu-central-1", "us-eats-1": "us-east-1", "moon": "", "eu-central-3": "eu-central-1"} {
		if got := Nearest(typed, regions); got != want {
			t.Errorf("%s: %q, not %q", typed, got, want)
		}
	}
}
