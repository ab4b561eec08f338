package plane

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Files of a plane's folder.
const (
	lockFile       = "lock"
	portFile       = "port"
	stateName      = "state.json"
	kubeconfigFile = "admin.kubeconfig"
	defaultName    = "slipway"
)

// A reader that only asks whether a plane runs holds the lock for an instant; a start tries longer than that.
const (
	lockTries = 10
	lockPause = 30 * time.Millisecond
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
	for i := range lockTries {
		if i > 0 {
			time.Sleep(lockPause)
		}
		if err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
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
