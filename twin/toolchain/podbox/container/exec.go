package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ExecCommand is the hidden command of this program that joins a container: see [Join].
const ExecCommand = "exec"

// Codes of a command that did not end by itself, as shells and timeout(1) have them.
const (
	CodeTimeout  = 124
	CodeNotFound = 127
)

// ErrEnded says that a container does not run any more.
var ErrEnded = errors.New("the container has ended")

// outputPatience is how long output is read after a command ended: what it left running may hold it open.
const outputPatience = time.Second

// Command is one more program in a container.
type Command struct {
	Args []string
	// Env is added to the container's own.
	Env []string
	// Stdin may be nil: empty.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Terminal replaces all three streams.
	Terminal *Terminal
}

// StartError says why a command did not start.
type StartError struct{ reason error }

func (e *StartError) Error() string { return e.reason.Error() }

// Exec runs a command in the container and returns its exit code. When the context ends, its process group is killed.
// Errors: [ErrEnded], [StartError].
func (c *Container) Exec(ctx context.Context, what Command) (int, error) {
	process, err := c.duplicateHandle()
	if err != nil {
		return 0, err
	}
	defer process.Close()
	spec := c.Spec
	spec.Args, spec.Env = what.Args, append(append([]string{}, c.Spec.Env...), what.Env...)
	if len(spec.Args) == 0 || spec.Args[0] == "" {
		return 0, &StartError{errors.New("the command is empty")}
	}
	request, err := newRequest(spec)
	if err != nil {
		return 0, err
	}
	command := request.command(ExecCommand)
	command.ExtraFiles = append(command.ExtraFiles, process)
	command.WaitDelay = outputPatience
	// No parent-death signal: the thread ends at once, and Go would kill a child whose parent has no number in its own
	// process namespace. It ends with the container's first process, which has one.
	command.SysProcAttr = &syscall.SysProcAttr{AmbientCaps: AllCapabilities(), Setsid: true}
	// Not command.Stdin: Wait would wait until the client closes it.
	var stdin io.WriteCloser
	if what.Terminal != nil {
		command.Stdin, command.Stdout, command.Stderr = what.Terminal.program, what.Terminal.program, what.Terminal.program
		command.SysProcAttr.Setctty = true
	} else {
		command.Stdout, command.Stderr = what.Stdout, what.Stderr
		if what.Stdin != nil {
			if stdin, err = command.StdinPipe(); err != nil {
				request.close()
				return 0, err
			}
		}
	}
	err = amongProcesses(int(process.Fd()), command.Start)
	if what.Terminal != nil {
		what.Terminal.closeProgram()
	}
	if err != nil {
		request.close()
		if !c.Runs() {
			err = ErrEnded
		}
		return 0, err
	}
	if err := request.failure(); err != nil {
		_ = command.Process.Kill()
		_ = command.Wait()
		return 0, &StartError{err}
	}
	if stdin != nil {
		go func() {
			_, _ = io.Copy(stdin, what.Stdin)
			_ = stdin.Close()
		}()
	}
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })
	defer stop()
	_ = command.Wait()
	state := command.ProcessState
	c.mu.Lock()
	c.used += state.UserTime() + state.SystemTime()
	c.mu.Unlock()
	return exitCode(state), nil
}

// duplicateHandle returns a pidfd of the first process that stays valid when the container ends.
func (c *Container) duplicateHandle() (*os.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || !c.Runs() {
		return nil, ErrEnded
	}
	descriptor, err := unix.FcntlInt(uintptr(c.handle), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("handle of the container: %w", err)
	}
	return os.NewFile(uintptr(descriptor), "container"), nil
}

// Join is the hidden command [ExecCommand]: it makes this process a program in the container whose process descriptor it
// is given. It runs on the process's first thread and returns only an error.
func Join() error {
	return receive(func(spec Spec) error {
		// Mounts can only be changed by a thread that shares its root folder with no other.
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		if err := unix.Setns(processDescriptor, unix.CLONE_NEWNS|unix.CLONE_NEWUTS|unix.CLONE_NEWIPC|unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter the container: %w", err)
		}
		return become(spec)
	})
}
