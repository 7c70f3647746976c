package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// entry of a layer: a folder if its name ends in "/", a link if it has a target, else a file.
type entry struct {
	name, content  string
	link, hardLink string
	mode           int64
	kind           byte
}

var built = time.Unix(1_700_000_000, 0)

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: e.mode, ModTime: built, Typeflag: tar.TypeReg, Size: int64(len(e.content))}
		if e.mode == 0 {
			header.Mode = 0o644
		}
		switch {
		case e.kind != 0:
			header.Typeflag = e.kind
		case strings.HasSuffix(e.name, "/"):
			header.Typeflag = tar.TypeDir
			if e.mode == 0 {
				header.Mode = 0o755
			}
		case e.link != "":
			header.Typeflag, header.Linkname = tar.TypeSymlink, e.link
		case e.hardLink != "":
			header.Typeflag, header.Linkname = tar.TypeLink, e.hardLink
		}
		if err := writer.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	if _, err := writer.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// unpackAll returns the folder.
func unpackAll(t testing.TB, limit int64, layers ...[]byte) (string, error) {
	t.Helper()
	base := t.TempDir()
	var paths []string
	for i, content := range layers {
		path := filepath.Join(base, "layer"+string(rune('a'+i)))
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	folder := filepath.Join(base, "images", "one")
	return folder, unpack(folder, paths, limit)
}

// tree is content by path; folders end in "/", links are "-> target".
func tree(t testing.TB, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == folder {
			return err
		}
		name, _ := filepath.Rel(folder, path)
		switch {
		case d.IsDir():
			found[name+"/"] = ""
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			found[name] = "-> " + target
			return err
		default:
			text, err := os.ReadFile(path)
			found[name] = string(text)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestUnpack(t *testing.T) {
	type layers [][]entry
	tests := map[string]struct {
		layers layers
		want   map[string]string
	}{
		"a file without entries for its folders": {
			layers{{{name: "a/b/c", content: "1"}}}, map[string]string{"a/": "", "a/b/": "", "a/b/c": "1"},
		},
		"absolute names and ./": {
			layers{{{name: "/a", content: "1"}, {name: "./b", content: "2"}, {name: "./"}}}, map[string]string{"a": "1", "b": "2"},
		},
		"a duplicate name: the last one": {
			layers{{{name: "a", content: "1"}, {name: "a", content: "2"}}}, map[string]string{"a": "2"},
		},
		"a file of a higher layer": {
			layers{{{name: "a", content: "1"}}, {{name: "a", content: "2"}}}, map[string]string{"a": "2"},
		},
		"a file replaced by a folder": {
			layers{{{name: "a", content: "1"}}, {{name: "a/"}, {name: "a/b", content: "2"}}}, map[string]string{"a/": "", "a/b": "2"},
		},
		"a file replaced by a folder without an entry": {
			layers{{{name: "a", content: "1"}}, {{name: "a/b", content: "2"}}}, map[string]string{"a/": "", "a/b": "2"},
		},
		"a folder replaced by a file": {
			layers{{{name: "a/b", content: "1"}}, {{name: "a", content: "2"}}}, map[string]string{"a": "2"},
		},
		"a link replaced by a folder": {
			layers{{{name: "x/"}, {name: "a", link: "x"}}, {{name: "a/"}, {name: "a/b"}}}, map[string]string{"x/": "", "a/": "", "a/b": ""},
		},
		"a folder that stays with its content": {
			layers{{{name: "a/b", content: "1"}}, {{name: "a/", mode: 0o700}}}, map[string]string{"a/": "", "a/b": "1"},
		},
		"a whiteout of a file": {
			layers{{{name: "a/b"}, {name: "a/c"}}, {{name: "a/.wh.b"}}}, map[string]string{"a/": "", "a/c": ""},
		},
		"a whiteout of a folder": {
			layers{{{name: "a/b/c"}}, {{name: ".wh.a"}}}, map[string]string{},
		},
		"a whiteout of what is not there": {
			layers{{{name: "a/.wh.b"}, {name: "c", content: "1"}}, {{name: "c/d/.wh.e"}}}, map[string]string{"c": "1"},
		},
		"a whiteout hides lower layers only, before and after": {
			layers{{{name: "a", content: "1"}, {name: "b", content: "1"}}, {{name: "a", content: "2"}, {name: ".wh.a"}, {name: ".wh.b"}, {name: "b", content: "2"}}},
			map[string]string{"a": "2", "b": "2"},
		},
		"an opaque folder, marked first": {
			layers{{{name: "a/old"}, {name: "a/b/old"}}, {{name: "a/.wh..wh..opq"}, {name: "a/b/new"}}},
			map[string]string{"a/": "", "a/b/": "", "a/b/new": ""},
		},
		"an opaque folder, marked last": {
			layers{{{name: "a/old"}, {name: "a/b/old"}}, {{name: "a/"}, {name: "a/b/new"}, {name: "a/.wh..wh..opq"}}},
			map[string]string{"a/": "", "a/b/": "", "a/b/new": ""},
		},
		"other metadata of AUFS": {
			layers{{{name: ".wh..wh.plnk/x"}, {name: ".wh..wh.aufs"}}}, map[string]string{".wh..wh.plnk/": "", ".wh..wh.plnk/x": ""},
		},
		"links of any kind are kept": {
			layers{{{name: "a", link: "/etc/passwd"}, {name: "b", link: "../../x"}, {name: "c", link: "nowhere"}}},
			map[string]string{"a": "-> /etc/passwd", "b": "-> ../../x", "c": "-> nowhere"},
		},
		"links as parents": {
			layers{{{name: "run/"}, {name: "var/run", link: "/run"}, {name: "var/up", link: "../../../run"}}, {{name: "var/run/a", content: "1"}, {name: "var/up/b", content: "2"}, {name: "var/run/.wh.c"}}},
			map[string]string{"run/": "", "run/a": "1", "run/b": "2", "var/": "", "var/run": "-> /run", "var/up": "-> ../../../run"},
		},
		"a link as parent that leads to nothing": {
			layers{{{name: "a", link: "/x/y"}, {name: "a/b", content: "1"}}},
			map[string]string{"a": "-> /x/y", "x/": "", "x/y/": "", "x/y/b": "1"},
		},
		"a whiteout through a link": {
			layers{{{name: "x/a"}, {name: "l", link: "/x"}}, {{name: "l/.wh.a"}}}, map[string]string{"x/": "", "l": "-> /x"},
		},
		"hard links": {
			layers{{{name: "a", content: "1"}, {name: "b", hardLink: "a"}, {name: "c", hardLink: "/a"}}}, map[string]string{"a": "1", "b": "1", "c": "1"},
		},
		"hard links through links": {
			layers{{{name: "x/a", content: "1"}, {name: "l", link: "/x"}, {name: "b", hardLink: "l/a"}}},
			map[string]string{"x/": "", "x/a": "1", "l": "-> /x", "b": "1"},
		},
		"devices are left out, and hide": {
			layers{{{name: "a", content: "1"}}, {{name: "a", kind: tar.TypeChar}, {name: "b", kind: tar.TypeFifo}, {name: "c", kind: tar.TypeBlock}}},
			map[string]string{},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, pack := range []func([]byte) []byte{
				func(b []byte) []byte { return b },
				func(b []byte) []byte { return gzipped(t, b) },
			} {
				var packed [][]byte
				for _, entries := range test.layers {
					packed = append(packed, pack(tarOf(t, entries...)))
				}
				folder, err := unpackAll(t, sizeLimit, packed...)
				if err != nil {
					t.Fatal(err)
				}
				if got := tree(t, folder); !reflect.DeepEqual(got, test.want) {
					t.Errorf("got %v, want %v", got, test.want)
				}
			}
		})
	}
}

func TestUnpackRefuses(t *testing.T) {
	one := tarOf(t, entry{name: "a", content: "12345"})
	tests := map[string]struct {
		layer []byte
		want  string
	}{
		"a name that leads out":               {tarOf(t, entry{name: "../a"}), "leads out"},
		"a name that leads out in its middle": {tarOf(t, entry{name: "a/../../b"}), "leads out"},
		"a hard link that leads out":          {tarOf(t, entry{name: "a", hardLink: "../../b"}), "leads out"},
		"a hard link to nothing":              {tarOf(t, entry{name: "a", hardLink: "b"}), "no such file"},
		"a hard link to itself":               {tarOf(t, entry{name: "a"}, entry{name: "a", hardLink: "a"}), "itself"},
		"a whiteout of ..":                    {tarOf(t, entry{name: "a/.wh..."}), "not a whiteout"},
		"a whiteout of .":                     {tarOf(t, entry{name: "a/.wh.."}), "not a whiteout"},
		"a whiteout of no name":               {tarOf(t, entry{name: "a/.wh."}), "not a whiteout"},
		"links in a circle":                   {tarOf(t, entry{name: "a", link: "b"}, entry{name: "b", link: "a"}, entry{name: "a/c"}), "too many links"},
		"a layer that is cut off":             {one[:514], "unexpected EOF"},
		"gzip with a wrong checksum":          {spoiled(gzipped(t, one)), "checksum"},
		"zstd":                                {[]byte{0x28, 0xb5, 0x2f, 0xfd, 0}, "zstd"},
		"what is no layer":                    {[]byte(strings.Repeat("no layer", 100)), "invalid tar header"},
		"too many bytes":                      {tarOf(t, entry{name: "a", content: strings.Repeat("1", 9000)}), "4 GiB"},
		"too many packed bytes":               {gzipped(t, tarOf(t, entry{name: "a", content: strings.Repeat("1", 90_000)})), "4 GiB"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			folder, err := unpackAll(t, 8000, test.layer)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want an error with %q", err, test.want)
			}
			if left := tree(t, filepath.Dir(folder)); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

func spoiled(content []byte) []byte {
	content[len(content)-6] ^= 1
	return content
}

func TestUnpackRefusesAnExistingFolder(t *testing.T) {
	folder, err := unpackAll(t, sizeLimit, tarOf(t, entry{name: "a"}))
	if err != nil {
		t.Fatal(err)
	}
	if err := Unpack(folder, nil); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("got %v", err)
	}
}

func TestUnpackModes(t *testing.T) {
	folder, err := unpackAll(t, sizeLimit, tarOf(t,
		entry{name: "tmp/", mode: 0o1777}, entry{name: "closed/", mode: 0o050}, entry{name: "closed/file", mode: 0o044},
		entry{name: "run", mode: 0o4755}, entry{name: "implied/file", mode: 0o666},
	))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		".": fs.ModeDir | 0o755, "tmp": fs.ModeDir | fs.ModeSticky | 0o777, "closed": fs.ModeDir | 0o750, "closed/file": 0o444,
		"run": 0o755, "implied": fs.ModeDir | 0o755, "implied/file": 0o666,
	} {
		info, err := os.Lstat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s is %v, want %v", name, info.Mode(), want)
		}
		if info.Mode().IsRegular() && !info.ModTime().Equal(built) {
			t.Errorf("%s is of %v, want %v", name, info.ModTime(), built)
		}
	}
}

// FuzzUnpack: whatever the layers are, nothing outside the folder is written, changed or removed.
func FuzzUnpack(f *testing.F) {
	f.Add(tarOf(f, entry{name: "a/b", content: "1"}), tarOf(f, entry{name: "a/.wh.b"}, entry{name: "a/.wh..wh..opq"}))
	f.Add(tarOf(f, entry{name: "l", link: "../outside"}, entry{name: "l/new", content: "1"}), tarOf(f, entry{name: "l/.wh.canary"}))
	f.Add(tarOf(f, entry{name: "l", link: ".."}, entry{name: "l/outside/.wh..wh..opq"}), tarOf(f, entry{name: ".wh.."}))
	f.Add(tarOf(f, entry{name: "x", hardLink: "../outside/canary"}), tarOf(f, entry{name: "../outside/canary", content: "2"}))
	f.Add(tarOf(f, entry{name: "l", link: "../outside/canary"}, entry{name: "h", hardLink: "l"}), tarOf(f, entry{name: "h", content: "2"}, entry{name: "l", content: "2"}))
	f.Add(gzipped(f, tarOf(f, entry{name: "d", kind: tar.TypeChar})), gzipped(f, tarOf(f, entry{name: "d/e"})))
	f.Fuzz(func(t *testing.T, lower, upper []byte) {
		base := t.TempDir()
		outside := filepath.Join(base, "outside")
		for path, content := range map[string][]byte{"lower": lower, "upper": upper, "outside/canary": []byte("alive")} {
			if err := os.MkdirAll(outside, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(base, path), content, 0o640); err != nil {
				t.Fatal(err)
			}
		}
		folder := filepath.Join(base, "folder")
		failed := unpack(folder, []string{filepath.Join(base, "lower"), filepath.Join(base, "upper")}, 1<<20)
		if got := tree(t, outside); !reflect.DeepEqual(got, map[string]string{"canary": "alive"}) {
			t.Fatalf("outside is %v", got)
		}
		info, err := os.Stat(filepath.Join(outside, "canary"))
		if err != nil || info.Mode() != 0o640 {
			t.Fatalf("the canary is %v, %v", info, err)
		}
		if err := os.RemoveAll(folder); err != nil {
			t.Fatalf("the folder cannot be removed: %v", err)
		}
		left := tree(t, base)
		if len(left) != 4 {
			t.Fatalf("left %v after %v", left, failed)
		}
	})
}
