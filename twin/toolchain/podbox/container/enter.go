package container

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Enter is the hidden command [StartCommand]: it makes this process the container that it is asked for. It runs on the
// process's first thread and returns only an error.
func Enter() error { return receive(enter) }

func enter(spec Spec) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	path := filepath.Join(spec.Scratch, "root")
	if err := mountRoot(spec, path); err != nil {
		return err
	}
	root, err := openRoot(path)
	if err != nil {
		return err
	}
	if err := mountSystem(root); err != nil {
		return err
	}
	for _, mount := range spec.Mounts {
		if err := root.mount(mount); err != nil {
			return fmt.Errorf("mount %s: %w", mount.Target, err)
		}
	}
	if spec.Cwd != "" {
		cwd, err := root.folder(spec.Cwd)
		if err != nil {
			return fmt.Errorf("working directory: %w", err)
		}
		_ = unix.Close(cwd)
	}
	if spec.ReadOnlyRoot {
		if err := readOnly(path, 0); err != nil {
			return fmt.Errorf("read-only root: %w", err)
		}
	}
	if err := unix.Sethostname([]byte(spec.Hostname)); err != nil {
		return fmt.Errorf("hostname: %w", err)
	}
	if err := pivot(path); err != nil {
		return err
	}
	return become(spec)
}

// pivot makes a mounted folder the root and forgets the old one.
func pivot(path string) error {
	if err := os.Chdir(path); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the machine's files: %w", err)
	}
	return nil
}
