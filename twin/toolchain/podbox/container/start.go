// Package container runs containers without root, in namespaces below the user namespace of this process.
package container

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// StartCommand is the hidden command of this program that becomes a container: see [Enter].
const StartCommand = "container"

// Container is one that runs or has ended.
type Container struct {
	Spec    Spec
	PID     int
	Started time.Time

	command *exec.Cmd
	handle  int    // pidfd of its first process
	tasks   string // identity of its process namespace
	oom     atomic.Bool
	done    chan struct{}
	exit    Exit

	mu     sync.Mutex
	closed bool          // the handle is
	used   time.Duration // CPU of commands that ended in it
}

// Exit is how a container ended.
type Exit struct {
	// Code is 128+n for signal n.
	Code       int       `json:"code"`
	FinishedAt time.Time `json:"finishedAt"`
	OOMKilled  bool      `json:"oomKilled"`
}

// Start starts a container in a network namespace and returns when its program runs.
// Errors say why it does not run; nothing of it is left then.
func Start(thread *Thread, network int, spec Spec) (*Container, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	if err := empty(spec.Scratch); err != nil {
		return nil, fmt.Errorf("empty the scratch folder: %w", err)
	}
	log, err := openLog(spec.Log)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	c, err := start(thread, network, spec, log)
	if err != nil {
		log.close()
		_ = empty(spec.Scratch)
		return nil, err
	}
	return c, nil
}

func start(thread *Thread, network int, spec Spec, log *logFile) (*Container, error) {
	output, err := log.streams()
	if err != nil {
		return nil, err
	}
	defer output.closeWriters()
	request, err := newRequest(spec)
	if err != nil {
		return nil, err
	}
	handle := -1
	command := request.command(StartCommand)
	command.Stdout, command.Stderr = output.stdout, output.stderr
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		AmbientCaps: AllCapabilities(),
		Pdeathsig:   unix.SIGKILL,
		Setsid:      true,
		PidFD:       &handle,
	}
	if err := thread.inNetwork(network, command.Start); err != nil {
		request.close()
		return nil, err
	}
	c := &Container{
		Spec: spec, PID: command.Process.Pid, Started: time.Now(),
		command: command, handle: handle, done: make(chan struct{}),
	}
	c.tasks, err = os.Readlink("/proc/" + strconv.Itoa(c.PID) + "/ns/pid")
	if failed := errors.Join(request.failure(), err); failed != nil {
		_ = command.Process.Kill()
		_ = command.Wait()
		c.closeHandle()
		return nil, failed
	}
	go c.wait(output, log)
	return c, nil
}

func (c *Container) wait(output *streams, log *logFile) {
	_ = c.command.Wait()
	// The end of the first process ends all others of the container, and with them all writers.
	output.copied.Wait()
	log.close()
	c.closeHandle()
	// The overlay leaves a folder of mode 000 that its owner could not remove without this process's capabilities.
	if err := empty(c.Spec.Scratch); err != nil {
		fmt.Fprintf(os.Stderr, "podbox: %s is not emptied: %v\n", c.Spec.Scratch, err)
	}
	c.exit = Exit{Code: exitCode(c.command.ProcessState), FinishedAt: time.Now(), OOMKilled: c.oom.Load()}
	close(c.done)
}

func (c *Container) closeHandle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.handle >= 0 {
		_ = unix.Close(c.handle)
	}
}

// Done is closed when the container has ended, its log is complete and [Container.Exit] is known.
func (c *Container) Done() <-chan struct{} { return c.done }

// Runs says whether it has not ended.
func (c *Container) Runs() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// Exit waits for the end.
func (c *Container) Exit() Exit {
	<-c.done
	return c.exit
}

// Signal sends a signal to the first process. It does nothing if that has ended.
func (c *Container) Signal(signal syscall.Signal) error {
	if err := c.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
