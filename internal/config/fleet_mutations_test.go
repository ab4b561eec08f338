package config_test

import (
	"slices"
	"strconv"
	"strings"
)

type mutation struct {
	name  string
	apply func(s *sheet) expected
}

// valued sets the value of a random line that matches to one of several, and expects a problem there.
func valued(name, pattern, problem string, values ...string) mutation {
	return mutation{name, func(s *sheet) expected {
		at := s.value(s.pick(pattern), values[s.rand.IntN(len(values))])
		return expected{spot: at, problem: problem}
	}}
}

// inCluster allows what follows for the same cluster.
func inCluster(m mutation) mutation {
	return mutation{m.name, func(s *sheet) expected {
		x := m.apply(s)
		x.also = s.inEntry(x.spot)
		return x
	}}
}

const anyCluster = `^  - name: `

func entryMutations() []mutation {
	return []mutation{
		{"misspell a key of an entry", func(s *sheet) expected {
			at := s.pick(`^    (namespace|type|protect|labels|controlPlane|workers|variables|pools|plan|infrastructure):`)
			key := s.key(at)
			s.swapped(at, key)
			return expected{at, "did you mean " + key, s.inEntry(at)}
		}},
		{"misspell a variable of an entry", func(s *sheet) expected {
			at := s.pick(`^      (VSPHERE|AWS|AZURE|NODE|CLUSTER|ENABLE)_\w+:`)
			s.swapped(at, s.key(at))
			return expected{at, "unknown key .*did you mean", s.inEntry(at)}
		}},
		{"put a variable outside variables", func(s *sheet) expected {
			at := s.pick(anyCluster)
			at.line++
			s.insert(at, "    OS_NAME: ubuntu")
			return expected{spot: at, problem: "OS_NAME is a variable, and stands outside variables"}
		}},
		{"take the name away", func(s *sheet) expected {
			return expected{spot: s.value(s.pick(anyCluster), ""), problem: "has no name"}
		}},
		valued("no DNS label", anyCluster, "no DNS label", "Edge_1", "a.b", "-x", strings.Repeat("n", 64), "ü"),
		valued("no DNS label as namespace", `^    namespace:`, "no DNS label", "Kube_System", "a b"),
		inCluster(valued("unknown infrastructure", `^    infrastructure:`, "is not one of", "vspere", "gcp", "AWS")),
		valued("unknown plan", `^    plan:`, "unknown plan", "prdo", "large", "Prod"),
		valued("unknown management cluster", `^    managementCluster: `, "no management cluster", "sparee", "other"),
		valued("even control plane", `^    controlPlane:`, "is even", "2", "4"),
		valued("control plane out of bounds", `^    controlPlane:`, "is (more|less) than", "0", "-1", "11"),
		valued("no number", `^    (controlPlane|workers):`, "is not a whole number", "many", "3.5", "1e3", "0x3", `"three"`),
		valued("list for a value", `^    (plan|workers|controlPlane|type|namespace):`, "is a list or a map", "[dev]", "{a: b}", "[]"),
		valued("no truth", `^    protect:`, "is not true or false", "maybe", "2"),
		valued("no map of variables", `^    variables:$`, "variables is not a map", "3 #", "[] #", "text #").loose(),
		{"too few workers", func(s *sheet) expected {
			at := spot{mixedFleet, slices.Index(s.files[mixedFleet], "    workers: 4")}
			return expected{spot: s.value(at, strconv.Itoa(s.rand.IntN(3))), problem: "wants at least 3 workers"}
		}},
		{"a name twice", func(s *sheet) expected {
			pair := [][2]string{{"edge1", "edge2"}, {"edge2", "web"}, {"berlin-1", "berlin-3"}, {"berlin-2", "cloud-1"}}[s.rand.IntN(4)]
			at := s.pick(`^  - name: ` + pair[1] + `$`)
			if pair[1] == "cloud-1" {
				at = spot{at.file, slices.Index(s.files[at.file], "  - name: cloud-1")}
			}
			return expected{spot: s.value(at, pair[0]), problem: `already, in .*:\d+ \(clusters`}
		}},
		{"an entry twice", func(s *sheet) expected {
			at := s.pick(anyCluster)
			first, end := s.entry(at)
			copied := slices.Clone(s.files[at.file][first:end])
			at.line = end
			s.insert(at, copied...)
			return expected{at, "there is a cluster .* already", s.inEntry(at)}
		}},
		{"a line twice", func(s *sheet) expected {
			at := s.pick(`^    (  )?[A-Za-z_]+: \S`)
			s.insert(at, s.text(at))
			at.line++
			return expected{spot: at, problem: `is set already on line ` + strconv.Itoa(at.line)}
		}},
		{"an entry that is no map", func(s *sheet) expected {
			at := s.pick(anyCluster)
			s.insert(at, "  - "+[]string{"edge9", "[a]", ""}[s.rand.IntN(3)])
			return expected{spot: at, problem: "is not a map of settings"}
		}},
	}
}

// loose allows all findings of the cluster, and of what its lines hold below.
func (m mutation) loose() mutation {
	return mutation{m.name, func(s *sheet) expected {
		x := m.apply(s)
		_, end := s.entry(x.spot)
		for i := end - 1; i > x.line; i-- { // a value on the line leaves no room for those below
			if strings.HasPrefix(s.files[x.file][i], "      ") {
				s.remove(spot{x.file, i})
			}
		}
		x.also = s.inEntry(x.spot)
		return x
	}}
}

func variableMutations() []mutation {
	return []mutation{
		valued("no range", `_CIDR:`, "is not an address range", "10.0.0.0", "10.0.0.0/33", "wide", "10.0.0/8"),
		valued("host bits", `_CIDR:`, "has host bits set", "10.1.2.3/16", "172.31.0.1/24"),
		valued("small pods", `CLUSTER_CIDR:`, "is smaller than the /24", "172.31.0.0/25", "172.31.0.0/28"),
		valued("large services", `SERVICE_CIDR:`, "is larger than /12", "12.0.0.0/8"),
		valued("pods on services", ` CLUSTER_CIDR: 172`, "overlaps SERVICE_CIDR", "100.64.0.0/16", "100.0.0.0/8"),
		valued("nodes on pods", `AWS_VPC_CIDR: 10.[23]0`, "overlaps CLUSTER_CIDR", "100.96.0.0/16", "100.100.0.0/24"),
		valued("two families", ` CLUSTER_CIDR: 172`, "not of one IP family", "fd00:100:96::/48"),
		valued("endpoint with a port", `VSPHERE_CONTROL_PLANE_ENDPOINT:`, "ends with a port", "192.0.2.1:6443", "api.example.org:443"),
		valued("endpoint with a scheme", `VSPHERE_CONTROL_PLANE_ENDPOINT:`, "starts with a scheme", "https://192.0.2.1"),
		valued("endpoint that is no address", `VSPHERE_CONTROL_PLANE_ENDPOINT:`, "is not an IP address", "192.0.2", "1.2.3.4.5", "192.0.2.256"),
		valued("endpoint in the services", `VSPHERE_CONTROL_PLANE_ENDPOINT: (192|198)`, "lies in SERVICE_CIDR", "100.64.1.1"),
		valued("no duration", `NODE_STARTUP_TIMEOUT:`, "is not a duration", "20", "soon", "1 h"),
		valued("no truth in a variable", `ENABLE_MHC:`, "is not true or false", "maybe", "2"),
		valued("too little memory", `VSPHERE_WORKER_MEM_MIB:`, "is less than 1024", "8", "1023"),
		valued("no version", `kubernetesVersion:`, "is not a Kubernetes version", "latest", "2.0.0", "v1", "1.36.3.1"),
		valued("no CNI", `^CNI:`, "is not one of antrea, calico, none", "calicoo", "flannel"),
		valued("broken encoding", `^(VSPHERE_PASSWORD|AZURE_CLIENT_SECRET):`, "encoded value .* cannot be read", "<encoded:%%%>", "<encoded:aa").missing(),
		valued("a tag in place of a value", `^(VSPHERE_USERNAME|AWS_SSH_KEY_NAME):`, "starts with ! and has no quotes", "!x y").missing(),
		{"misspell a flat variable", func(s *sheet) expected {
			at := s.pick(`^(VSPHERE|AWS|AZURE)_\w+:`)
			s.swapped(at, s.key(at))
			return expected{at, "unknown key .*did you mean", anyEntry(s)}
		}},
		{"remove a required variable of an entry", func(s *sheet) expected {
			at := s.pick(`^      (VSPHERE_CONTROL_PLANE_ENDPOINT|AWS_NODE_AZ):`)
			key := s.key(at)
			first, _ := s.entry(at)
			s.remove(at)
			return expected{spot: spot{at.file, first}, problem: key + " is missing"}
		}},
		{"remove a required variable of the file", func(s *sheet) expected {
			at := s.pick(`^(VSPHERE_SERVER|VSPHERE_DATACENTER|AWS_REGION|AWS_SSH_KEY_NAME|AZURE_LOCATION|AZURE_TENANT_ID):`)
			key := s.key(at)
			infrastructure := strings.ToLower(strings.SplitN(key, "_", 2)[0])
			s.remove(at)
			for i := range s.files[at.file] {
				_, ends := 0, 0
				if strings.HasPrefix(s.files[at.file][i], "  - name:") {
					_, ends = s.entry(spot{at.file, i})
				}
				of := strings.Join(s.files[at.file][i:max(i, ends)], "\n")
				if ends > 0 && (strings.Contains(of, "infrastructure: "+infrastructure) || strings.HasSuffix(at.file, "berlin.yml")) {
					return expected{spot: spot{at.file, i}, problem: key + ` is missing( |$)`}
				}
			}
			panic("no cluster needs " + key)
		}},
		{"an endpoint twice", func(s *sheet) expected {
			pair := [][2]string{{"192.0.2.11", "192.0.2.12"}, {"198.51.100.1", "198.51.100.2"}, {"198.51.100.2", "api.berlin-3.example.org"}}[s.rand.IntN(3)]
			return expected{spot: s.value(s.pick(`: `+pair[1]+`$`), pair[0]), problem: "is the endpoint of .* already"}
		}},
		{"an endpoint in another cluster's pods", func(s *sheet) expected {
			s.replace(s.pick(`VSPHERE_NETWORK: VLAN 8`), "VLAN 8", "VLAN 7")
			return expected{spot: s.value(s.pick(`: 198.51.100.[12]$`), "172.20.7.7"), problem: "lies in CLUSTER_CIDR 172.20.0.0/16 of berlin-3"}
		}},
		{"the name as a variable", func(s *sheet) expected {
			at := s.pick(`^    variables:$`)
			at.line++
			s.insert(at, "      CLUSTER_NAME: x")
			return expected{spot: at, problem: "the name of a cluster is no variable"}
		}},
		{"the count as a variable too", func(s *sheet) expected {
			at := s.pick(`^    workers: (4|3|12)$`)
			_, end := s.entry(at)
			for at.line < end && s.text(at) != "    variables:" {
				at.line++
			}
			if at.line == end {
				s.insert(at, "    variables:")
			}
			at.line++
			s.insert(at, "      WORKER_MACHINE_COUNT: 5")
			return expected{spot: at, problem: "WORKER_MACHINE_COUNT is set already on line .* as workers"}
		}},
	}
}

// missing allows that clusters lack the variable that could not be read.
func (m mutation) missing() mutation {
	return mutation{m.name, func(s *sheet) expected {
		x := m.apply(s)
		x.also = anyEntry(s)
		return x
	}}
}

// anyEntry allows findings on the first line of clusters.
func anyEntry(s *sheet) func(spot) bool {
	return func(x spot) bool { return strings.HasPrefix(s.text(x), "  - name:") }
}

func otherMutations() []mutation {
	return []mutation{
		valued("no value of a label", `^      (site|owner): `, "no value of a label", "new york", "-x", `"a/b"`, strings.Repeat("x", 64)),
		{"no name of a label", func(s *sheet) expected {
			return expected{spot: s.replace(s.pick(`^    +(site|owner): `), `\w+:`, "a b:"), problem: "no name of a label"}
		}},
		inCluster(valued("workers of a pool", `^        workers:`, "not a number of machines", "-1", "5001", "two")),
		valued("name of a pool", `^      - name:`, "no DNS label", "Large", "a b"),
		{"a pool twice", func(s *sheet) expected {
			return expected{spot: s.value(s.pick(`^      - name: gpu`), "small"), problem: "the pool small is on line .* already"}
		}},
		{"a pool without workers", func(s *sheet) expected {
			at := s.pick(`^        workers:`)
			s.remove(at)
			for !strings.HasPrefix(s.text(at), "      - ") {
				at.line--
			}
			return expected{at, "has no number of workers", nil}
		}},
		{"misspell a key of a pool", func(s *sheet) expected {
			at := s.pick(`^        (zone|machineType|class):`)
			key := s.key(at)
			s.swapped(at, key)
			return expected{spot: at, problem: "did you mean " + key}
		}},
		{"pools and workers", func(s *sheet) expected {
			at := s.pick(`^    pools:`)
			s.insert(at, "    workers: 3")
			return expected{spot: spot{at.file, at.line + 1}, problem: `pools is set already on line \d+, as workers`}
		}},
		{"a name in defaults", func(s *sheet) expected {
			at := s.pick(`^defaults:`)
			at.line++
			s.insert(at, "  name: x")
			return expected{spot: at, problem: "a name in defaults"}
		}},
		{"misspell a key of defaults", func(s *sheet) expected {
			at := s.pick(`^  (namespace|plan|managementCluster|kubernetesVersion):`)
			key := s.key(at)
			s.swapped(at, key)
			return expected{spot: at, problem: "did you mean " + key}
		}},
		valued("a wrong default, once for all", `^  kubernetesVersion:`, `is not a Kubernetes version .*\(6 clusters: \S+, \S+, \S+ and 3 more\)`, "new"),
		{"misspell clusters", func(s *sheet) expected {
			at := s.pick(`^clusters:`)
			s.swapped(at, "clusters")
			return expected{at, "did you mean clusters", func(x spot) bool { return x.line == 0 }}
		}},
		{"misspell defaults", func(s *sheet) expected {
			at := s.pick(`^defaults:`)
			s.swapped(at, "defaults")
			return expected{at, "did you mean defaults", func(spot) bool { return true }}
		}},
		{"clusters that are no list", func(s *sheet) expected {
			at := s.pick(`^clusters:`)
			s.files[at.file] = append(s.files[at.file][:at.line], "clusters: edge1")
			return expected{spot: at, problem: "clusters is not a list"}
		}},
		{"a second document", func(s *sheet) expected {
			at := s.pick(`^(clusters|defaults):`)
			s.insert(at, "---")
			return expected{at, "second YAML document", func(spot) bool { return true }}
		}},
		{"an anchor that is not there", func(s *sheet) expected {
			at := s.value(s.pick(`^    (plan|type|workers|infrastructure|namespace):`), "*nobody")
			return expected{at, "starts with \\* or &", func(spot) bool { return true }}
		}},
		{"a tab", func(s *sheet) expected {
			at := s.pick(`^    (plan|type|workers|namespace):`)
			s.insert(at, "\tprotect: true")
			return expected{at, "not valid YAML", func(spot) bool { return true }}
		}},
		{"an unclosed quote", func(s *sheet) expected {
			at := s.value(s.pick(`^    +(plan|type|infrastructure|VSPHERE_NETWORK|AWS_NODE_AZ):`), "'dev")
			return expected{at, "not valid YAML", func(spot) bool { return true }}
		}},
		{"an unclosed bracket", func(s *sheet) expected {
			at := s.value(s.pick(`^    +(plan|type|infrastructure|VSPHERE_NETWORK|AWS_NODE_AZ):`), "[dev")
			return expected{at, "not valid YAML", func(spot) bool { return true }}
		}},
		{"a key without a colon", func(s *sheet) expected {
			at := s.replace(s.pick(`^    +(plan|type|workers|VSPHERE_NETWORK|AWS_NODE_AZ): `), `:`, "")
			return expected{at, "not valid YAML", func(spot) bool { return true }}
		}},
		{"an indent too much", func(s *sheet) expected {
			at := s.replace(s.pick(`^    (plan|type|workers|infrastructure): `), `^`, "  ")
			return expected{at, "not valid YAML", func(spot) bool { return true }}
		}},
		{"an indent too little", func(s *sheet) expected {
			at := s.replace(s.pick(`^    (plan|type|workers|infrastructure): `), `^ `, "")
			return expected{at, "not valid YAML", func(spot) bool { return true }}
		}},
		{"two colons", func(s *sheet) expected {
			at := s.value(s.pick(`^    +(plan|type|infrastructure|VSPHERE_NETWORK|AWS_NODE_AZ):`), "a: b")
			return expected{at, "not valid YAML", func(spot) bool { return true }}
		}},
		{"a merge of something else", func(s *sheet) expected {
			at := s.pick(`^    variables:$`)
			at.line++
			s.insert(at, "      <<: "+[]string{"3", "[a, b]", "[[]]"}[s.rand.IntN(3)])
			return expected{at, "merges something that is not a map", s.inEntry(at)}
		}},
		{"a wrong value behind an anchor", func(s *sheet) expected {
			return expected{spot: s.value(s.pick(`VSPHERE_WORKER_MEM_MIB:`), "much"), problem: `is not a whole number \(3 clusters`}
		}},
	}
}
