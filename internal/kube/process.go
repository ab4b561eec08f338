package kube

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// processAlive asks the kernel, by the signal that does nothing, whether a process of this machine runs.
func processAlive(pid int) bool {
	if pid <= 0 {
		return false
	}
	err := syscall.Kill(pid, 0)
	return (err == nil || errors.Is(err, syscall.EPERM)) && processState(pid) != "Z"
}

// processStart is when a process began, in the kernel's ticks; empty where /proc does not tell.
func processStart(pid int) string {
	if fields := processStat(pid); len(fields) > 19 {
		return fields[19]
	}
	return ""
}

// processState is one letter, Z for one that is dead and not yet collected by its parent.
func processState(pid int) string {
	if fields := processStat(pid); len(fields) > 0 {
		return fields[0]
	}
	return ""
}

// processStat gives the fields of /proc/PID/stat from the third on, past the command name, which may hold anything.
func processStat(pid int) []string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	text := string(raw)
	return strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
}

// processSpace names the machine and the namespace in which this process's pid means something.
func processSpace() string {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	namespace, _ := os.Readlink("/proc/self/ns/pid")
	host, _ := os.Hostname()
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", host, namespace, strings.TrimSpace(string(boot))))
}
