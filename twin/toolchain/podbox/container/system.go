package container

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Sizes as containerd has them.
const (
	devOptions = "mode=755,size=64k"
	shmOptions = "mode=1777,size=64m"
	ptsOptions = "newinstance,ptmxmode=0666,mode=0620"
)

// mountSystem gives a container the folders that every program expects: /proc, /dev, /tmp and empty /etc and /sys.
func mountSystem(root rootFolder) error {
	const quiet = unix.MS_NOSUID | unix.MS_NOEXEC
	for _, path := range []string{"/etc", "/sys", "/tmp"} {
		if err := root.made(path); err != nil {
			return err
		}
	}
	if err := root.fileSystem("proc", "/proc", quiet|unix.MS_NODEV, ""); err != nil {
		return err
	}
	if err := root.fileSystem("tmpfs", "/dev", quiet, devOptions); err != nil {
		return err
	}
	// Nobody without root can make devices: these are the machine's.
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		if err := root.bind("/dev/"+name, "/dev/"+name, false); err != nil {
			return fmt.Errorf("/dev/%s: %w", name, err)
		}
	}
	if err := root.fileSystem("devpts", "/dev/pts", quiet, ptsOptions); err != nil {
		return err
	}
	if err := root.fileSystem("tmpfs", "/dev/shm", quiet|unix.MS_NODEV, shmOptions); err != nil {
		return err
	}
	dev, err := root.folder("/dev")
	if err != nil {
		return err
	}
	defer unix.Close(dev)
	for name, target := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
		"ptmx": "pts/ptmx",
	} {
		if err := unix.Symlinkat(target, dev, name); err != nil {
			return fmt.Errorf("/dev/%s: %w", name, err)
		}
	}
	return nil
}

// made makes a folder that an image may lack.
func (r rootFolder) made(path string) error {
	folder, err := r.folder(path)
	if err != nil {
		return err
	}
	return unix.Close(folder)
}
