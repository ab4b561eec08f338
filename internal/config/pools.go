package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// Pool is a set of equal workers that an entry asks for. What is empty is the infrastructure's choice.
type Pool struct {
	Name        string `json:"name"`
	Class       string `json:"class,omitempty"` // of workers in the ClusterClass
	Workers     int    `json:"workers"`
	Zone        string `json:"zone,omitempty"`
	MachineType string `json:"machineType,omitempty"`
	Place       Place  `json:"place"`
}

func poolKeys() []string { return []string{keyName, "class", keyWorkers, "zone", "machineType"} }

const mostWorkers = 5000

// readPools reads the list of pools. They are all the workers of the cluster, so that their sum is its count.
func (s *blockReader) readPools(e entry) {
	at := s.place.below(e)
	if isNull(e.value) {
		return
	}
	if e.value.Kind != yaml.SequenceNode {
		s.refuse(at, "pools is not a list", "write - name: NAME below it, and workers: 3 below that")
		return
	}
	before, sum := len(s.findings), 0
	names := map[string]Place{}
	for i, item := range e.value.Content {
		place := Place{File: at.File, Line: item.Line, Column: item.Column, Field: fmt.Sprintf("%s[%d]", at.Field, i)}
		p := s.readPool(item, place)
		if first, taken := names[p.Name]; taken && p.Name != "" {
			s.refuse(p.Place, fmt.Sprintf("the pool %s is on line %d already", p.Name, first.Line), "give one of the two another name")
		}
		names[p.Name] = p.Place
		s.pools = append(s.pools, p)
		sum += p.Workers
	}
	if len(s.findings) == before && len(s.pools) > 0 {
		s.poolsAt = at
		s.setVariable(workersVariable, strconv.Itoa(sum), at)
	}
}

func (s *blockReader) readPool(n *yaml.Node, at Place) Pool {
	p := Pool{Place: at}
	if n = target(n); n.Kind != yaml.MappingNode {
		s.refuse(at, "a pool is not a map of settings", "write - name: NAME, and workers: 3 below it")
		return p
	}
	entries, findings := settings(n, at)
	s.findings = append(s.findings, findings...)
	seen := map[string]entry{}
	for _, e := range entries {
		key, place := e.key.Value, at.below(e)
		if first, twice := seen[key]; twice {
			s.refuse(place, fmt.Sprintf("%s is set already on line %d", clip(key), first.key.Line), "keep one of the two lines")
			continue
		}
		seen[key] = e
		text, findings := plain(e.value, clip(key), place)
		s.findings = append(s.findings, findings...)
		s.findings = append(s.findings, p.set(key, text, place)...)
	}
	if p.Name == "" {
		s.refuse(at, "a pool has no name", "write name: NAME")
	}
	if _, counted := seen[keyWorkers]; !counted {
		s.refuse(at, "a pool has no number of workers", "write workers: 3")
	}
	return p
}

// set stores one setting of a pool.
func (p *Pool) set(key, text string, at Place) uerr.Findings {
	var err error
	sample := "small"
	switch key {
	case keyName:
		p.Name, err = text, checkLabel("the pool's name", text)
	case "class":
		p.Class, err = text, checkLabel("the pool's class", text)
	case "zone":
		p.Zone = text
	case "machineType":
		p.MachineType = text
	case keyWorkers:
		p.Workers, err = poolWorkers(text)
		sample = "3"
	default:
		f := unknownKey(key, at.String(), poolKeys())
		if Nearest(key, poolKeys()) == "" {
			f.Next = "a pool has " + strings.Join(poolKeys(), ", ")
		}
		return uerr.Findings{f}
	}
	if err == nil {
		return nil
	}
	return uerr.Findings{{Where: at.String(), Problem: err.Error(), Next: "write " + key + ": " + sample}}
}

func poolWorkers(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > mostWorkers {
		return 0, fmt.Errorf("workers %q is not a number of machines from 0 to %d", clip(text), mostWorkers)
	}
	return n, nil
}

// checkLabel wants a DNS label, or nothing.
func checkLabel(what, text string) error {
	if text == "" {
		return nil
	}
	return Variable{Name: what}.checkName(text)
}

// readLabels reads the labels of the Cluster object, by the rules of Kubernetes.
func (s *blockReader) readLabels(e entry) {
	entries, _ := s.mapping(e, s.place.below(e))
	for _, label := range entries {
		key, at := label.key.Value, s.place.below(e).below(label)
		if first, twice := s.labels[key]; twice {
			s.refuse(at, fmt.Sprintf("%s is set already on line %d", clip(key), first.place.Line), "keep one of the two lines")
			continue
		}
		text, findings := plain(label.value, clip(key), at)
		s.findings = append(s.findings, findings...)
		s.labels[key] = word{text, at}
		if problem := labelProblem(key, text); problem != "" {
			s.refuse(at, problem, "use letters, digits, -, _ and ., at most 63, with a letter or digit at both ends")
		}
	}
}

func labelProblem(key, text string) string {
	const most, mostPrefix = 63, 253
	name := regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	prefix, short, prefixed := strings.Cut(key, "/")
	if !prefixed {
		prefix, short = "", key
	}
	switch {
	case len(short) > most || !name.MatchString(short):
		return fmt.Sprintf("%q is no name of a label", clip(key))
	case prefixed && (len(prefix) > mostPrefix || !regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`).MatchString(prefix)):
		return fmt.Sprintf("%q is no name of a label: before the / stands a domain", clip(key))
	case text != "" && (len(text) > most || !name.MatchString(text)):
		return fmt.Sprintf("%q is no value of a label", clip(text))
	}
	return ""
}
