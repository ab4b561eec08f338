package plane

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-sh/slipway/internal/daemon"
)

// Files of a plane's folder.
const (
	lockFile       = "lock"
	portFile       = "port"
	stateName      = "state.json"
	kubeconfigFile = "admin.kubeconfig"
	defaultName    = "slipway"
)

// A reader that only asks whether a plane runs holds the lock for an instant, and a plane that was killed holds it until
// the kernel has taken it apart: a start tries longer than the one and, when the holder is dying, than the other.
const (
	lockPause   = 30 * time.Millisecond
	lockReaders = 300 * time.Millisecond
	lockDying   = 10 * time.Second
)

// holder is the lock on a plane's folder. The kernel drops it with the process, however that ends.
type holder struct{ file *os.File }

// HeldError says that another process runs the plane of this folder.
type HeldError struct {
	Path string
	PID  int // zero when the holder left no number
}

func (e *HeldError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("this plane already runs in another process (%s is locked)", e.Path)
	}
	return fmt.Sprintf("this plane already runs as pid %d (%s is locked)", e.PID, e.Path)
}

func acquire(path string) (*holder, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; time.Sleep(lockPause) {
		if err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		waited := time.Since(began)
		if waited > lockDying || waited > lockReaders && daemon.Alive(readPID(path)) {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		held := &HeldError{Path: path, PID: readPID(path)}
		return nil, errors.Join(held, file.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	if err := file.Truncate(0); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if _, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &holder{file: file}, nil
}

func readPID(path string) int {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0
	}
	return pid
}

func (h *holder) release() {
	_ = h.file.Truncate(0)
	_ = h.file.Close()
}
