package container

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLogRotates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	l.limit = 200
	l.copy("stdout", strings.NewReader("first\nsecond\nthird\n"+strings.Repeat("x", 300)+"\nlast\n"))
	l.close()
	current, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(path + ".1")
	if err != nil {
		t.Fatal(err)
	}
	// A line beyond the limit is a file of its own.
	if !strings.HasSuffix(string(current), " stdout F last\n") || strings.Count(string(current), "\n") != 1 || !strings.Contains(string(old), "xxx") {
		t.Errorf("%q after %q", current, old)
	}
}

func TestLogContinuesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for _, text := range []string{"one\n", "two\n"} {
		l, err := openLog(path)
		if err != nil {
			t.Fatal(err)
		}
		l.limit = 60 // one line
		l.copy("stderr", strings.NewReader(text))
		l.close()
	}
	for name, want := range map[string]string{path: " stderr F two\n", path + ".1": " stderr F one\n"} {
		if text, err := os.ReadFile(name); err != nil || !strings.HasSuffix(string(text), want) || strings.Count(string(text), "\n") != 1 {
			t.Errorf("%s: %q %v", name, text, err)
		}
	}
}
