package preflight

import (
	"encoding/json"
	"fmt"
)

// SetObject sets a ClusterClass variable that has something in it; the others stay unset, so that defaults hold.
func SetObject(v map[string]any, name string, object map[string]any) {
	if len(object) > 0 {
		v[name] = object
	}
}

// Plain turns structs and numbers of Go in variables into JSON's own types, as the contract of providers.Values asks.
func Plain(v map[string]any) (map[string]any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("variables of the ClusterClass: %w", err)
	}
	var out map[string]any
	return out, json.Unmarshal(raw, &out)
}
