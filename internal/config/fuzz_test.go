package config_test

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-sh/slipway/internal/config"
)

func seeds(f *testing.F) []string {
	f.Helper()
	example, err := os.ReadFile(exampleFile)
	if err != nil {
		f.Fatal(err)
	}
	return []string{
		string(example[:2000]), complete, twoRegions, "", "{}", "---\nA: 1\n", "A: |\n  x\nB: >-\n  y\n z\n", "A: 'x\n\n  y' # c\r\nVSPHERE_NETWORK: \r\n",
		"A: &x 1\nB: *x\n<<: {C: 1}\n", "\ufeffVSPHERE_NETWORK: ü\n", "? a\n: b\n", "VSPHERE_NETWORK: !x y\n", "- a\n", "VSPHERE_NETWORK: a\n  b\n #c\n",
		"tkg: {regions: []}\n", "tkg:\n  regions: [{name: three}]\n", "tkg:\n- 1\n", "A: 1\u2028VSPHERE_NETWORK: x\u0085B: 2\n", "VSPHERE_NETWORK: \"a\\\n  b\"\n",
	}
}

// FuzzLoad wants no panic, findings with places, and one value from viper and from Origin.
func FuzzLoad(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s, "VSPHERE_NETWORK", "x")
	}
	f.Add("A: 1", "VSPHERE_PASSWORD", "<encoded:x>")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text, key, value string) {
		file := filepath.Join(dir, "config.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Options{File: file, Tables: tables(), Environ: []string{key + "=" + value}})
		findings := c.Validate("vsphere")
		if err != nil && findings.Err() == nil {
			t.Errorf("Load refuses and Validate does not: %v", err)
		}
		for _, x := range findings {
			if x.Where == "" || x.Problem == "" || x.Next == "" {
				t.Errorf("incomplete finding %+v", x)
			}
		}
		for _, v := range c.Variables() {
			if v.AliasOf == "" && !c.IsSet(v.Name) && c.Secret(v.Name).Reveal() != v.Default {
				t.Errorf("%s: origin %s, value differs from the default", v.Name, c.Origin(v.Name))
			}
		}
	})
}

// FuzzSet wants of every edit that succeeds: one run of bytes changed, the result parses, the value reads back, and all
// other keys mean what they meant.
func FuzzSet(f *testing.F) {
	for _, s := range seeds(f) {
		for _, v := range []string{"new", "a: b # c", "it's \"x\"\n", "<encoded:eA==>", "", "~", "\t"} {
			f.Add(s, "VSPHERE_NETWORK", v)
			f.Add(s, "A", v)
		}
	}
	f.Fuzz(func(t *testing.T, before, key, value string) {
		after, ok := edit(t, before, func(d *config.Document) error { return d.Set(key, value) })
		if !ok {
			return
		}
		old, now := pairs(t, before), pairs(t, after)
		last := -1
		for i, p := range now {
			if strings.EqualFold(p.key, key) {
				last = i
			}
			if p.key == key {
				last = i
			}
		}
		found := false
		for i, p := range now {
			changed := i >= len(old) || old[i] != p
			if changed && !strings.EqualFold(p.key, key) {
				t.Errorf("%q changed: %+v", p.key, p)
			}
			found = found || strings.EqualFold(p.key, key) && p.value == value
		}
		if !found || last < 0 {
			t.Errorf("%q does not read back from %q", value, after)
		}
		if len(now) < len(old) || len(now) > len(old)+1 {
			t.Errorf("%d keys became %d", len(old), len(now))
		}
		commentsStay(t, before, after, key, value)
	})
}

// FuzzRegions wants all lines outside tkg kept, in order, and the region to read back.
func FuzzRegions(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s, "three", "three-admin@three", "/k/3")
		f.Add(s, "one", "x: y", "#")
	}
	f.Fuzz(func(t *testing.T, before, name, context, file string) {
		want := config.Region{Name: name, Context: context, File: file, Status: "Success", IsCurrent: true}
		after, ok := edit(t, before, func(d *config.Document) error { return d.SetRegion(want) })
		if !ok {
			return
		}
		outside := func(all []pair) (out []pair) {
			for _, p := range all {
				if p.key != "tkg" {
					out = append(out, p)
				}
			}
			return out
		}
		old, now := outside(pairs(t, before)), outside(pairs(t, after))
		if len(old) != len(now) {
			t.Fatalf("%d keys outside tkg became %d", len(old), len(now))
		}
		for i := range old {
			if old[i] != now[i] {
				t.Errorf("%+v became %+v", old[i], now[i])
			}
		}
		found := false
		for _, r := range load(t, after).Regions() {
			found = found || r.Name == name && r.Context == context && r.File == file && r.IsCurrent
		}
		if !found && context != "" {
			t.Errorf("the region does not read back from %q", after)
		}
	})
}

// edit gives false when the edit was refused, after checking that the document is as it was.
func edit(t *testing.T, before string, f func(*config.Document) error) (string, bool) {
	t.Helper()
	d, err := config.NewDocument([]byte(before))
	if err != nil {
		return "", false
	}
	if err = f(d); err != nil && string(d.Bytes()) != before {
		t.Errorf("refused with %v, and changed the document to %q", err, d.Bytes())
	}
	return string(d.Bytes()), err == nil
}

type pair struct{ key, value string }

// pairs are the top-level keys with their values, read without any code of ours.
func pairs(t *testing.T, text string) []pair {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	if doc.Kind == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	var out []pair
	for i, c := 0, doc.Content[0].Content; i+1 < len(c); i += 2 {
		out = append(out, pair{key: flat(c[i]), value: flat(c[i+1])})
	}
	return out
}

func flat(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	var b strings.Builder
	b.WriteString("(" + n.Tag + n.Value)
	for _, c := range n.Content {
		b.WriteString(" " + flat(c))
	}
	return b.String() + ")"
}

// commentsStay wants the bytes before and behind the one changed run to be those of the old file.
func commentsStay(t *testing.T, before, after, key, value string) {
	t.Helper()
	if !utf8.ValidString(before) {
		t.Fatal("an edit of bytes that are no text succeeded")
	}
	a, b := []byte(before), []byte(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	// What was taken away is within one value: it holds no other key, and no comment unless the value did.
	removed := a[head : len(a)-tail]
	if bytes.Contains(removed, []byte("\n#")) {
		t.Errorf("setting %q to %q took away %q", key, value, removed)
	}
}

// FuzzCIDR wants that two ranges are refused exactly when they share an address.
func FuzzCIDR(f *testing.F) {
	for _, s := range []string{"10.0.0.0/8", "10.1.0.0/16", "fd00::/48", "0.0.0.0/0", "::ffff:10.0.0.0/104", "10.0.0.0/33", "1/2", ""} {
		f.Add(s, "10.0.0.0/16")
		f.Add("172.16.0.0/12", s)
	}
	f.Fuzz(func(t *testing.T, pods, services string) {
		c, err := config.Load(config.Options{Home: "/nowhere", Flags: map[string]string{"CLUSTER_CIDR": pods, "SERVICE_CIDR": services}})
		if err != nil {
			t.Fatal(err)
		}
		refused := strings.Contains(c.Validate("").Error(), "overlaps")
		if want := shareAddress(c.String("CLUSTER_CIDR"), c.String("SERVICE_CIDR")); want != refused {
			t.Errorf("%q and %q: refused %v, want %v", pods, services, refused, want)
		}
	})
}

// shareAddress compares two ranges by the standard library's older package, bit by bit.
func shareAddress(a, b string) bool {
	ipA, netA, errA := net.ParseCIDR(a)
	ipB, netB, errB := net.ParseCIDR(b)
	if errA != nil || errB != nil || !ipA.Equal(netA.IP) || !ipB.Equal(netB.IP) {
		return false
	}
	if strings.Contains(a, ".") && strings.Contains(a, ":") || strings.Contains(b, ".") && strings.Contains(b, ":") {
		return false // IPv4 in the form of IPv6 is refused by itself
	}
	return netA.Contains(netB.IP) || netB.Contains(netA.IP)
}
