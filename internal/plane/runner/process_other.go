//go:build !linux

package runner

import "syscall"

// attributes cannot tie the child to the plane's life here: a plane that is killed leaves its children behind.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func residentBytes(int) int64 { return 0 }
