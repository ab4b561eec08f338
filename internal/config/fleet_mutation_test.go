package config_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// TestMutatedFleets changes the example fleets in a hundred ways, and wants each change found on its line, and nothing
// on lines that it has nothing to do with.
func TestMutatedFleets(t *testing.T) {
	const seed, runs = 20261121, 100
	t.Logf("seed %d", seed)
	all := slices.Concat(entryMutations(), variableMutations(), otherMutations(), hookMutations())
	for i := range max(runs, 2*len(all)) {
		m := all[i%len(all)]
		t.Run(fmt.Sprintf("%03d %s", i, m.name), func(t *testing.T) {
			s := &sheet{rand: rand.New(rand.NewPCG(seed, uint64(i))), files: readSheet(t)}
			want := m.apply(s)
			checkMutated(t, s, want)
		})
	}
}

func readSheet(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	paths, err := filepath.Glob("testdata/fleet/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, mixedFleet) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	}
	return files
}

// checkMutated writes the fleet that was changed and compares its findings with what is expected.
func checkMutated(t *testing.T, s *sheet, want expected) {
	t.Helper()
	dir := t.TempDir()
	for name, lines := range s.files {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fleet := mixedFleet
	if want.file != mixedFleet {
		fleet = sitesFleet
	}
	f, _ := config.LoadFleet(fleetOptions(t, filepath.Join(dir, fleet)))
	found := false
	for _, x := range f.Validate() {
		at := spotOf(t, dir, x)
		right := at == want.spot && regexp.MustCompile(want.problem).MatchString(x.Problem)
		found = found || right
		if !right && (want.also == nil || !want.also(at)) {
			t.Errorf("beside: %s: %s", x.Where, x.Problem)
		}
	}
	if !found {
		t.Errorf("want %q at %s:%d (%s), got\n%v", want.problem, want.file, want.line+1, s.text(want.spot), f.Validate())
	}
}

func spotOf(t *testing.T, dir string, x uerr.Finding) spot {
	t.Helper()
	m := regexp.MustCompile(`^` + dir + `/(.*?):(\d+)( \(.*\))?$`).FindStringSubmatch(x.Where)
	if m == nil {
		t.Fatalf("no file and line: %s: %s", x.Where, x.Problem)
	}
	line, err := strconv.Atoi(m[2])
	if err != nil {
		t.Fatal(err)
	}
	if x.Next == "" {
		t.Errorf("no remedy: %s: %s", x.Where, x.Problem)
	}
	return spot{m[1], line - 1}
}
