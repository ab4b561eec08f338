package config

import (
	"encoding/json"
	"strings"
)

// Schema writes the JSON Schema (draft 2020-12) of config.yaml, for editors. It is looser than Validate: what depends on
// two keys, on the command or on the infrastructure is not in it.
func Schema(tables []Table) []byte {
	r := newRegistry(tables)
	properties := map[string]any{
		"cert-manager-timeout": map[string]any{"type": []string{"string", "integer", "null"}},
		"images":               map[string]any{"type": []string{"object", "null"}},
		"overridesFolder":      map[string]any{"type": []string{"string", "null"}},
		"providers":            map[string]any{"type": []string{"array", "null"}},
		"release":              map[string]any{"type": []string{"object", "string", "null"}},
		keyTKG:                 regionsSchema(),
	}
	for key, s := range fleetProperties() {
		properties[key] = s
	}
	for _, v := range r.list() {
		properties[v.Name] = v.schema()
	}
	patterns := map[string]any{"[a-z]": true} // other keys than variables are kept
	for _, v := range r.families {
		patterns["^"+strings.TrimSuffix(v.Name, "*")] = map[string]any{"description": v.Doc + " Accepted and not used."}
	}
	out, err := json.MarshalIndent(map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "Slipway's config.yaml",
		"type":                 []string{"object", "null"},
		"properties":           properties,
		"patternProperties":    patterns,
		"additionalProperties": false,
		"$defs":                fleetDefinitions(r),
	}, "", "  ")
	if err != nil {
		panic(err) // maps, texts and numbers always marshal
	}
	return append(out, '\n')
}

func (v Variable) schema() map[string]any {
	s := map[string]any{"description": v.prose()}
	if v.Deprecated != "" || v.AliasOf != "" {
		s["deprecated"] = true
	}
	if v.Secret {
		s["writeOnly"] = true
	}
	if v.Unused || v.ignored() {
		s["type"] = []string{"string", "number", "boolean", "null"}
		return s
	}
	v.schemaType(s)
	return s
}

// schemaType adds what the type says. A value may be in quotes, and an empty one means the default.
func (v Variable) schemaType(s map[string]any) {
	text := []string{"string", "null"}
	switch v.Type {
	case TypeInt:
		s["type"], s["pattern"] = []string{"integer", "string", "null"}, "^-?[0-9]*$"
		if v.Min != 0 || v.Max != 0 {
			s["minimum"] = v.Min
		}
		if v.Max != 0 {
			s["maximum"] = v.Max
		}
	case TypeBool:
		s["type"] = []string{"boolean", "string", "integer", "null"}
		s["pattern"] = "^(true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|[YyNnTtFf01])?$"
	case TypeEnum:
		values := []any{nil, ""}
		for _, x := range v.Values {
			values = append(values, x)
		}
		s["enum"] = values
	case TypeDuration:
		s["type"], s["pattern"] = text, "^([0-9.]+(ns|us|µs|ms|s|m|h))*$"
	case TypeCIDR:
		s["type"], s["pattern"] = text, "^([0-9A-Fa-f:.]+/[0-9]{1,3})?$"
	case TypeHost, TypePublicKey, TypeURL, TypeBase64:
		s["type"] = text
	default:
		s["type"] = []string{"string", "number", "boolean", "null"}
	}
}

func regionsSchema() map[string]any {
	text := map[string]any{"type": []string{"string", "null"}}
	return map[string]any{
		"description": "Management clusters; written by the commands.",
		"type":        []string{"object", "null"},
		"properties": map[string]any{
			keyCurrent: text,
			keyRegions: map[string]any{
				"type": []string{"array", "null"},
				"items": map[string]any{
					"type": "object",
					"properties": map[string]any{
						keyName: text, keyContext: text, keyFile: text, keyStatus: text,
						keyIsCurrent: map[string]any{"type": []string{"boolean", "string", "null"}},
					},
				},
			},
		},
	}
}
