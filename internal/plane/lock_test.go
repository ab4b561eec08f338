package plane

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestOneProcessHoldsAPlane takes the lock twice: the second is told who has it, and gets it once the first lets go.
func TestOneProcessHoldsAPlane(t *testing.T) {
	path := filepath.Join(t.TempDir(), lockFile)
	first, err := acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = acquire(path)
	var held *HeldError
	if !errors.As(err, &held) || held.PID != os.Getpid() || !strings.Contains(err.Error(), "runs as pid "+strconv.Itoa(os.Getpid())) {
		t.Errorf("the second holder: %v", err)
	}
	first.release()
	second, err := acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	second.release()
	if pid := readPID(path); pid != 0 {
		t.Errorf("pid %d is left after the release", pid)
	}
}

// TestTheNumberOfADeadHolderDoesNotMatter starts where a killed plane has left its pid.
func TestTheNumberOfADeadHolderDoesNotMatter(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	for name, left := range map[string]string{"dead": strconv.Itoa(dead.Process.Pid), "another program's by now": strconv.Itoa(os.Getppid()), "cut off": "", "nonsense": "x"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), lockFile)
			if err := os.WriteFile(path, []byte(left+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			h, err := acquire(path)
			if err != nil {
				t.Fatal(err)
			}
			defer h.release()
			if pid := readPID(path); pid != os.Getpid() {
				t.Errorf("the lock names pid %d, want %d", pid, os.Getpid())
			}
		})
	}
}
