package container

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Terminal is a pseudo terminal of a container, for one command.
type Terminal struct {
	own, program *os.File
}

// NewTerminal makes one on the container's own /dev/pts, so that its programs find it by name.
func (c *Container) NewTerminal() (*Terminal, error) {
	process, err := c.duplicateHandle()
	if err != nil {
		return nil, err
	}
	defer process.Close() // as long as it is open, the number is not another process's
	folder := fmt.Sprintf("/proc/%d/root/dev/pts/", c.PID)
	own, err := os.OpenFile(folder+"ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	t := &Terminal{own: own}
	var number uint32
	err = t.control(func(descriptor int) (err error) {
		if err = unix.IoctlSetPointerInt(descriptor, unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetUint32(descriptor, unix.TIOCGPTN)
		}
		return err
	})
	if err == nil {
		t.program, err = os.OpenFile(fmt.Sprint(folder, number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		_ = own.Close()
		return nil, fmt.Errorf("terminal: %w", err)
	}
	return t, nil
}

// Resize tells the program the size of the user's window.
func (t *Terminal) Resize(columns, rows uint16) error {
	return t.control(func(descriptor int) error {
		return unix.IoctlSetWinsize(descriptor, unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows})
	})
}

// Type sends what the user types until that ends or the terminal is closed.
func (t *Terminal) Type(from io.Reader) { _, _ = io.Copy(t.own, from) }

// Show writes what the program prints until it and all that it started have closed the terminal, or [Terminal.Close].
func (t *Terminal) Show(to io.Writer) { _, _ = io.Copy(to, t.own) }

// Close ends it: its programs get a hangup.
func (t *Terminal) Close() {
	t.closeProgram()
	_ = t.own.Close()
}

func (t *Terminal) closeProgram() { _ = t.program.Close() }

// control does not use File.Fd: that would make reads block beyond Close.
func (t *Terminal) control(do func(descriptor int) error) error {
	raw, err := t.own.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(descriptor uintptr) { failed = do(int(descriptor)) }); err != nil {
		return err
	}
	return failed
}
