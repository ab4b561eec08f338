//go:build !linux

package aws

import "syscall"

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
