package container

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// empty makes a folder that contains nothing. A container's program may have taken its own rights to a folder away.
func empty(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if err := os.RemoveAll(path); err == nil {
			continue
		}
		_ = filepath.WalkDir(path, func(inside string, found fs.DirEntry, _ error) error {
			if found != nil && found.IsDir() {
				_ = os.Chmod(inside, 0o700)
			}
			return nil
		})
		if err := os.RemoveAll(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
