package container

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// mountRoot mounts an overlay: mount points can be made in an image of one file, and the image stays as it is.
func mountRoot(spec Spec, root string) error {
	layers := map[string]string{"lowerdir": spec.Image}
	for option, name := range map[string]string{"upperdir": "upper", "workdir": "work"} {
		layers[option] = filepath.Join(spec.Scratch, name)
		if err := os.MkdirAll(layers[option], 0o755); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	options := []string{"userxattr"}
	for option, path := range layers {
		folder, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		defer unix.Close(folder)
		// By descriptor: commas and colons in a path would be separators.
		options = append(options, fmt.Sprintf("%s=/proc/self/fd/%d", option, folder))
	}
	if err := unix.Mount("overlay", root, "overlay", unix.MS_NOSUID|unix.MS_NODEV, strings.Join(options, ",")); err != nil {
		return fmt.Errorf("overlay in %s (which cannot be on overlayfs or NFS itself): %w", spec.Scratch, err)
	}
	return nil
}

// rootFolder is the mounted root of a container that this process has not entered yet.
type rootFolder struct{ descriptor int }

func openRoot(path string) (rootFolder, error) {
	descriptor, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return rootFolder{}, fmt.Errorf("%s: %w", path, err)
	}
	return rootFolder{descriptor}, nil
}

// open resolves a path as the container would: a link of the image cannot lead out of it.
func (r rootFolder) open(path string, flags int) (int, error) {
	how := &unix.OpenHow{Flags: uint64(flags | unix.O_CLOEXEC), Resolve: unix.RESOLVE_IN_ROOT}
	for {
		descriptor, err := unix.Openat2(r.descriptor, path, how)
		// A rename anywhere on the machine makes the kernel give up on `..`.
		if !errors.Is(err, unix.EAGAIN) {
			return descriptor, err
		}
	}
}

// folder returns a descriptor (O_PATH) of a folder that is made where it does not exist.
func (r rootFolder) folder(path string) (int, error) {
	path = filepath.Clean("/" + path)
	descriptor, err := r.open(path, unix.O_PATH|unix.O_DIRECTORY)
	if !errors.Is(err, unix.ENOENT) {
		return descriptor, named(path, err)
	}
	parent, err := r.folder(filepath.Dir(path))
	if err != nil {
		return -1, err
	}
	defer unix.Close(parent)
	if err := unix.Mkdirat(parent, filepath.Base(path), 0o755); err != nil {
		return -1, named(path, err)
	}
	descriptor, err = r.open(path, unix.O_PATH|unix.O_DIRECTORY)
	return descriptor, named(path, err)
}

// file returns a descriptor (O_PATH) of a file that is made, empty, where nothing exists.
func (r rootFolder) file(path string) (int, error) {
	path = filepath.Clean("/" + path)
	descriptor, err := r.open(path, unix.O_PATH)
	if !errors.Is(err, unix.ENOENT) {
		return descriptor, named(path, err)
	}
	parent, err := r.folder(filepath.Dir(path))
	if err != nil {
		return -1, err
	}
	defer unix.Close(parent)
	made, err := unix.Openat(parent, filepath.Base(path), unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return -1, named(path, err)
	}
	_ = unix.Close(made)
	descriptor, err = r.open(path, unix.O_PATH)
	return descriptor, named(path, err)
}

func named(path string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("%s: is a link of the image that leads to nothing", path)
	}
	return fmt.Errorf("%s: %w", path, err)
}

func descriptorPath(descriptor int) string { return fmt.Sprintf("/proc/self/fd/%d", descriptor) }
