package config

import "strings"

// fleetProperties are the keys at the top of a file that hold clusters.
func fleetProperties() map[string]any {
	return map[string]any{
		keyClusters: map[string]any{
			"description": "Clusters that a batch makes and keeps as they are described here.",
			"type":        []string{"array", "null"}, "items": map[string]any{"$ref": "#/$defs/cluster"},
		},
		keyDefaults: map[string]any{
			"description": "What holds for every entry of clusters that does not say it itself.",
			"$ref":        "#/$defs/defaults",
		},
		keyFleet: map[string]any{
			"description": "Name of the fleet: what apply --prune may delete are clusters of this name that are not in the files any more.",
			"type":        "string",
		},
		keyHooks: map[string]any{
			"description": "Who is told when a cluster of the fleet is ready, has failed or is deleted.",
			"type":        []string{"array", "null"}, "items": map[string]any{"$ref": "#/$defs/hook"},
		},
	}
}

// fleetDefinitions are the parts of the schema that clusters and defaults share.
func fleetDefinitions(r *registry) map[string]any {
	entry, defaults := map[string]any{}, map[string]any{}
	for key, s := range blockProperties() {
		entry[key] = s
		if key != keyName {
			defaults[key] = s
		}
	}
	variables, patterns := map[string]any{}, map[string]any{}
	for _, v := range r.list() {
		if v.Name != nameVariable {
			variables[v.Name] = variableRef(v.Name)
		}
	}
	for _, v := range r.families {
		patterns["^"+strings.TrimSuffix(v.Name, "*")] = true
	}
	object := func(properties map[string]any) map[string]any {
		return map[string]any{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	}
	cluster, all := object(entry), object(variables)
	cluster["type"], cluster["required"] = "object", []string{keyName}
	all["patternProperties"] = patterns
	return map[string]any{"cluster": cluster, "defaults": object(defaults), keyVariables: all, "pool": poolSchema(), "hook": hookSchema()}
}

func variableRef(name string) map[string]any { return map[string]any{"$ref": "#/properties/" + name} }

// blockProperties are the keys of an entry. Those that stand for a variable take what it takes.
func blockProperties() map[string]any {
	text := []string{"string", "number", "boolean", "null"}
	properties := map[string]any{
		keyManagement: map[string]any{"description": "Name of the management cluster; without it the current one.", "type": text},
		keyProtect: map[string]any{
			"description": "Never delete the cluster for not being in a file any more.", "type": []string{"boolean", "string", "null"},
		},
		keyLabels: map[string]any{
			"description": "Labels of the Cluster object, beside those of defaults.",
			"type":        []string{"object", "null"}, "additionalProperties": map[string]any{"type": text},
		},
		keyPools: map[string]any{
			"description": "All workers of the cluster, in sets of equal ones; in place of workers.",
			"type":        []string{"array", "null"}, "items": map[string]any{"$ref": "#/$defs/pool"},
		},
		keyVariables: map[string]any{"description": "Any variable by its name.", "$ref": "#/$defs/" + keyVariables},
	}
	for _, s := range shortcuts() {
		property := variableRef(s.variable)
		property["description"] = s.doc + " The variable " + s.variable + "."
		properties[s.key] = property
	}
	return properties
}

func poolSchema() map[string]any {
	text := []string{"string", "number", "null"}
	return map[string]any{
		"type": "object", "required": []string{keyName, keyWorkers}, "additionalProperties": false,
		"properties": map[string]any{
			keyName:       map[string]any{"description": "Name of the pool.", "type": text},
			"class":       map[string]any{"description": "Class of its workers in the ClusterClass.", "type": text},
			keyWorkers:    map[string]any{"description": "Number of its machines.", "type": []string{"integer", "string"}, "minimum": 0, "maximum": mostWorkers, "pattern": "^[0-9]+$"},
			"zone":        map[string]any{"description": "Zone of its machines.", "type": text},
			"machineType": map[string]any{"description": "Size of its machines, by the infrastructure's name for it.", "type": text},
		},
	}
}

func hookSchema() map[string]any {
	text := []string{"string", "null"}
	return map[string]any{
		"type": "object", "additionalProperties": false,
		"oneOf": []any{
			map[string]any{"required": []string{keyWebhook}}, map[string]any{"required": []string{keyCommand}},
		},
		"properties": map[string]any{
			keyEvents: map[string]any{
				"description": "What it is told of; without it everything.",
				"type":        []string{"array", "null"}, "minItems": 1, "items": map[string]any{"enum": hookEvents()},
			},
			keyWebhook:   map[string]any{"description": "Where a CloudEvent is posted to.", "type": text, "pattern": "^(https?://|<encoded:)"},
			keySecret:    map[string]any{"description": "Key of the signature, in base64. Better in the environment: secretEnv.", "type": text, "writeOnly": true},
			keySecretEnv: map[string]any{"description": "Variable of the environment that holds the key.", "type": text},
			keyCommand: map[string]any{
				"description": "Program and arguments, run in the file's folder with the event on stdin.",
				"type":        []string{"array", "null"}, "minItems": 1, "items": map[string]any{"type": []string{"string", "number", "boolean"}},
			},
			keyTimeout: map[string]any{
				"description": "What one attempt may take. Default: " + WebhookTimeout.String() + " of a webhook, " + CommandTimeout.String() + " of a command.",
				"type":        text, "pattern": "^([0-9.]+(ns|us|µs|ms|s|m|h))*$",
			},
		},
	}
}
