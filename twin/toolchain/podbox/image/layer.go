package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Names of whiteouts: https://github.com/opencontainers/image-spec/blob/main/layer.md.
const (
	whiteout = ".wh."
	metadata = ".wh..wh."
	opaque   = ".wh..wh..opq"
)

// layer is one that is being unpacked over the lower ones.
type layer struct {
	root *os.Root
	left *budget
	// written are the paths of this layer, with their parents: its whiteouts hide only lower layers, wherever they come.
	written map[string]bool
	// parents are paths of folders by their names in the layer, folders those that are there. Both save looking at each
	// part of each path; both are forgotten when something is removed or a link is made.
	parents map[string]string
	folders map[string]bool
}

func unpackLayer(root *os.Root, path string, left *budget) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	stream, err := uncompressed(file)
	if err != nil {
		return err
	}
	limited := &limitedReader{stream, &left.stream}
	l := &layer{root: root, left: left, written: map[string]bool{}, parents: map[string]string{}, folders: map[string]bool{}}
	for archive := tar.NewReader(limited); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			// The checksum of gzip is at the end.
			_, err := io.Copy(io.Discard, limited)
			return err
		}
		if err != nil {
			return err
		}
		if err := l.add(header, archive); err != nil {
			return fmt.Errorf("%q: %w", header.Name, err)
		}
	}
}

// uncompressed tells a layer's format by its first bytes.
func uncompressed(file io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(file, 64<<10)
	first, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(first, []byte{0x1f, 0x8b}):
		return gzip.NewReader(buffered)
	case bytes.Equal(first, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return nil, errors.New("is compressed with zstd; podbox reads tar and tar.gz")
	}
	return buffered, nil
}

type limitedReader struct {
	from io.Reader
	left *int64
}

func (l *limitedReader) Read(to []byte) (int, error) {
	if *l.left <= 0 {
		return 0, errTooLarge
	}
	read, err := l.from.Read(to[:min(int64(len(to)), *l.left)])
	*l.left -= int64(read)
	return read, err
}

func (l *layer) add(header *tar.Header, content io.Reader) error {
	name, err := inside(header.Name)
	if err != nil || name == "." {
		return err
	}
	parent, err := l.parent(name)
	if err != nil {
		return err
	}
	base := path.Base(name)
	if base == opaque {
		return l.hideContent(parent)
	}
	if strings.HasPrefix(base, metadata) {
		return nil // of AUFS, not of the image
	}
	if hidden, ok := strings.CutPrefix(base, whiteout); ok {
		if hidden == "" || hidden == "." || hidden == ".." {
			return errors.New("is not a whiteout of a name")
		}
		return l.hide(path.Join(parent, hidden))
	}
	if err := l.makeParents(parent); err != nil {
		return err
	}
	return l.write(path.Join(parent, base), header, content)
}

// inside returns a clean relative path.
func inside(name string) (string, error) {
	relative := strings.TrimLeft(name, "/")
	if relative == "" {
		return ".", nil
	}
	if !filepath.IsLocal(relative) {
		return "", errors.New("leads out of the image")
	}
	return path.Clean(relative), nil
}

func (l *layer) write(name string, header *tar.Header, content io.Reader) error {
	mode := fs.FileMode(header.Mode).Perm()
	if header.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	target := ""
	if header.Typeflag == tar.TypeLink {
		var err error
		if target, err = l.linkTarget(header.Linkname); err != nil {
			return err
		}
		if target == name {
			return errors.New("is a link to itself")
		}
	}
	if err := l.makeWay(name, header.Typeflag == tar.TypeDir); err != nil {
		return err
	}
	l.mark(name)
	switch header.Typeflag {
	case tar.TypeDir:
		if err := l.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if header.Mode&0o1000 != 0 {
			mode |= fs.ModeSticky
		}
		// Whoever unpacked the image can always remove it.
		return l.root.Chmod(name, mode|0o700)
	case tar.TypeReg, tar.TypeGNUSparse:
		return l.writeFile(name, mode|0o400, header, content)
	case tar.TypeSymlink:
		l.forget()
		return l.root.Symlink(header.Linkname, name)
	case tar.TypeLink:
		return l.root.Link(target, name)
	}
	return nil // devices need root, and /dev is podbox's
}

func (l *layer) writeFile(name string, mode fs.FileMode, header *tar.Header, content io.Reader) error {
	if l.left.files -= header.Size; l.left.files < 0 {
		return errTooLarge
	}
	file, err := l.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	if err := errors.Join(err, file.Chmod(mode), file.Close()); err != nil {
		return err
	}
	// Python, for one, compares the times of its sources.
	return l.root.Chtimes(name, header.ModTime, header.ModTime)
}

func (l *layer) linkTarget(name string) (string, error) {
	target, err := inside(name)
	if err != nil {
		return "", fmt.Errorf("its target %q %w", name, err)
	}
	parent, err := l.parent(target)
	return path.Join(parent, path.Base(target)), err
}

// makeWay removes what is at a path, unless both are folders.
func (l *layer) makeWay(name string, isFolder bool) error {
	info, err := l.root.Lstat(name)
	if err != nil && isAbsent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.IsDir() && isFolder {
		return nil
	}
	return l.remove(name)
}

// makeParents makes folders that have no entries of their own. A file of a lower layer gives way.
func (l *layer) makeParents(name string) error {
	if name == "." || l.folders[name] {
		return nil
	}
	if err := l.makeParents(path.Dir(name)); err != nil {
		return err
	}
	l.mark(name)
	if err := l.makeWay(name, true); err != nil {
		return err
	}
	if err := l.root.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	l.folders[name] = true
	return nil
}

func (l *layer) mark(name string) {
	for ; name != "."; name = path.Dir(name) {
		l.written[name] = true
	}
}

// hide removes what lower layers have at a path.
func (l *layer) hide(name string) error {
	if l.written[name] {
		return l.hideContent(name)
	}
	return l.remove(name)
}

// hideContent removes what lower layers have in a folder.
func (l *layer) hideContent(name string) error {
	info, err := l.root.Lstat(name)
	if err != nil && !isAbsent(err) {
		return err
	}
	if err != nil || !info.IsDir() {
		return nil
	}
	entries, err := fs.ReadDir(l.root.FS(), name)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := l.hide(path.Join(name, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (l *layer) remove(name string) error {
	l.forget()
	if err := l.root.RemoveAll(name); err != nil && !isAbsent(err) {
		return err
	}
	return nil
}

// parent returns the path of the folder that a name is in.
func (l *layer) parent(name string) (string, error) {
	folder := path.Dir(name)
	if known, ok := l.parents[folder]; ok {
		return known, nil
	}
	resolved, err := resolve(l.root, folder)
	if err == nil {
		l.parents[folder] = resolved
	}
	return resolved, err
}

func (l *layer) forget() {
	clear(l.parents)
	clear(l.folders)
}
