package runner

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// attributes put the child into a process group of its own, so that an interrupt typed at a plane in the foreground
// reaches only the plane, and have the kernel kill it with the plane.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// residentBytes is the memory of a process as proc(5) statm tells it, or zero.
func residentBytes(pid int) int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(raw)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
