package azure

import "strings"

// object is a JSON object that is kept as it was written, with what this emulator does not know.
type object map[string]any

// at is what lies at a path, nil where there is nothing. Names are compared as written.
func (o object) at(path ...string) any {
	var here any = map[string]any(o)
	for _, name := range path {
		switch m := here.(type) {
		case map[string]any:
			here = m[name]
		case object:
			here = m[name]
		default:
			return nil
		}
	}
	return here
}

func (o object) text(path ...string) string {
	s, _ := o.at(path...).(string)
	return s
}

func (o object) flag(path ...string) bool {
	b, _ := o.at(path...).(bool)
	return b
}

// number is zero where there is none.
func (o object) number(path ...string) int {
	switch n := o.at(path...).(type) {
	case float64:
		return int(n)
	case int:
		return n
	}
	return 0
}

func (o object) object(path ...string) object {
	switch m := o.at(path...).(type) {
	case map[string]any:
		return m
	case object:
		return m
	}
	return nil
}

func (o object) objects(path ...string) []object {
	list, _ := o.at(path...).([]any)
	var out []object
	for _, item := range list {
		out = append(out, object{"it": item}.object("it"))
	}
	return out
}

func (o object) texts(path ...string) []string {
	list, _ := o.at(path...).([]any)
	var out []string
	for _, item := range list {
		s, _ := item.(string)
		out = append(out, s)
	}
	return out
}

// set puts a value at a path and makes the objects on the way.
func (o object) set(value any, path ...string) {
	here := o
	for _, name := range path[:len(path)-1] {
		next := here.object(name)
		if next == nil {
			next = object{}
		}
		here[name] = next
		here = next
	}
	here[path[len(path)-1]] = value
}

// fill puts a value where there is none.
func (o object) fill(value any, path ...string) {
	if o.at(path...) == nil {
		o.set(value, path...)
	}
}

// over is o with what is given in other put over it; null gives nothing, as in Azure's PUTs of what exists.
func (o object) over(other object) object {
	out := object{}
	for name, value := range o {
		out[name] = value
	}
	for name, value := range other {
		if value != nil {
			out[name] = value
		}
	}
	return out
}

// same compares names and ids, which have no case in Azure.
func same(a, b string) bool { return strings.EqualFold(a, b) }

// sameLocation compares locations, which may be written for people: "West Europe".
func sameLocation(a, b string) bool { return same(location(a), location(b)) }

func location(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }
