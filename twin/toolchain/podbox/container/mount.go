package container

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mount mounts one of a Pod's volumes.
func (r rootFolder) mount(m Mount) error {
	if m.Source != "" {
		return r.bind(m.Source, m.Target, m.ReadOnly)
	}
	options := "mode=1777"
	if m.SizeMiB > 0 {
		options += fmt.Sprintf(",size=%dm", m.SizeMiB)
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV)
	if m.ReadOnly {
		flags |= unix.MS_RDONLY
	}
	return r.fileSystem("tmpfs", m.Target, flags, options)
}

// fileSystem mounts a new file system on a folder.
func (r rootFolder) fileSystem(kind, target string, flags uintptr, options string) error {
	folder, err := r.folder(target)
	if err != nil {
		return err
	}
	defer unix.Close(folder)
	if err := unix.Mount(kind, descriptorPath(folder), kind, flags, options); err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	return nil
}

// bind shows a file or folder of the machine at a path of the container.
func (r rootFolder) bind(source, target string, isReadOnly bool) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	at := r.file
	if info.IsDir() {
		at = r.folder
	}
	point, err := at(target)
	if err != nil {
		return err
	}
	defer unix.Close(point)
	// Attached as a detached tree: read-only from its first moment.
	tree, err := unix.OpenTree(unix.AT_FDCWD, source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return fmt.Errorf("bind %s: %w", source, err)
	}
	defer unix.Close(tree)
	if isReadOnly {
		if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
			return fmt.Errorf("read-only: %w", err)
		}
	}
	if err := unix.MoveMount(tree, "", point, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH); err != nil {
		return fmt.Errorf("bind %s: %w", source, err)
	}
	return nil
}

// readOnly only adds a flag: a remount would have to repeat those that the outer user namespace locked.
func readOnly(path string, flags uint) error {
	return unix.MountSetattr(unix.AT_FDCWD, path, flags, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
}
