package runner

import (
	"os/exec"
	"runtime"
)

// starter starts every child from one thread that lives as long as the plane. The kernel kills the children when that
// thread ends (prctl PR_SET_PDEATHSIG counts from the thread, not from the process), so that a plane that is killed
// leaves none behind, and a thread that Go retires takes none with it.
type starter struct{ requests chan request }

type request struct {
	cmd  *exec.Cmd
	done chan error
}

func newStarter() *starter {
	s := &starter{requests: make(chan request)}
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		for r := range s.requests {
			r.done <- r.cmd.Start()
		}
	}()
	return s
}

func (s *starter) start(cmd *exec.Cmd) error {
	r := request{cmd: cmd, done: make(chan error, 1)}
	s.requests <- r
	return <-r.done
}

// close ends the thread, and with it whatever child is still there.
func (s *starter) close() { close(s.requests) }
