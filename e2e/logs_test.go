//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// logTail is how many bytes of each log of a failed rehearsal are printed.
const logTail = 3000

// failedLogs are what rehearsals that failed have logged, for CI. It is printed when all tests are over: between a
// failure's reason and the line that says FAIL, it is the reason that a reader does not find.
var failedLogs struct {
	sync.Mutex
	text []string
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, text := range failedLogs.text {
		fmt.Println(text)
	}
	os.Exit(code)
}

// keepLogs takes the ends of the rehearsal's logs, before its folder goes.
func (r *rehearsal) keepLogs() {
	failedLogs.Lock()
	defer failedLogs.Unlock()
	logs, _ := filepath.Glob(filepath.Join(r.planeDir(), "logs", "*.log"))
	for _, path := range append(logs, filepath.Join(r.home, "rehearsal", "sim", "log")) {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		raw = raw[max(0, len(raw)-logTail):]
		failedLogs.text = append(failedLogs.text, fmt.Sprintf("=== %s of %s\n%s", filepath.Base(path), r.t.Name(), raw))
	}
}
