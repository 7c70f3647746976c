package image

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// linkLimit is the kernel's (MAXSYMLINKS).
const linkLimit = 40

// resolve returns a folder's path without links, as a container would find it: an absolute link begins at its root, and
// `..` ends there. os.Root alone takes such links for an escape. The folder need not exist.
func resolve(root *os.Root, name string) (string, error) {
	resolved, rest := ".", strings.Split(name, "/")
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			resolved = path.Dir(resolved) // of ".": "."
			continue
		}
		next := path.Join(resolved, part)
		info, err := root.Lstat(next)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			if err != nil && !isAbsent(err) {
				return "", err
			}
			resolved = next
			continue
		}
		if links++; links > linkLimit {
			return "", errors.New("has too many links in its path")
		}
		target, err := root.Readlink(next)
		if err != nil {
			return "", err
		}
		if path.IsAbs(target) {
			resolved = "."
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return resolved, nil
}

// isAbsent says whether an error means that a path, or a folder of it, does not exist.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
