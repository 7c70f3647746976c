// Package image unpacks container images.
package image

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// sizeLimit is that of all files of an image together, and of all its layers unpacked.
const sizeLimit = 4 << 30

// Unpack writes the layers of an image (files, tar or tar.gz), lowest first, to a folder that must not exist. It appears by
// one rename when all is written. A killed call leaves a folder <folder>.new-<number>.
// Nothing in a layer leads out of the folder: that, a broken layer and more than 4 GiB are errors.
func Unpack(folder string, layers []string) error {
	return unpack(folder, layers, sizeLimit)
}

func unpack(folder string, layers []string, limit int64) (err error) {
	if _, err := os.Lstat(folder); err == nil {
		return fmt.Errorf("%s exists already; an image is unpacked to a new folder", folder)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	draft, err := os.MkdirTemp(filepath.Dir(folder), filepath.Base(folder)+".new-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(draft))
		}
	}()
	if err := os.Chmod(draft, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(draft)
	if err != nil {
		return err
	}
	defer root.Close()
	left := &budget{stream: limit, files: limit}
	for _, path := range layers {
		if err := unpackLayer(root, path, left); err != nil {
			return fmt.Errorf("layer %s: %w", path, err)
		}
	}
	return os.Rename(draft, folder)
}

// budget is what may still be unpacked, in bytes. A sparse file is larger than its part of the stream.
type budget struct{ stream, files int64 }

var errTooLarge = errors.New("the image is larger than 4 GiB unpacked, the limit of podbox")
