package container

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"7 (a) S 1 7 7 0 -1 4194560 0 0 0 0 150 50 30 20 20 0 1 0":        2500 * time.Millisecond,
		"7 (a) S 1) (b)) R 1 7 7 0 -1 4194560 0 0 0 0 100 0 0 0 20 0 1 0": time.Second,
		"7 (a) S 1 7 7":  0,
		"":               0,
		"no such format": 0,
	} {
		if got := parseTime([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestParseRollup(t *testing.T) {
	text := []byte("00400000-7ffc000 ---p 00000000 00:00 0   [rollup]\nRss:  884 kB\nPss:   385 kB\nPss_Anon: 120 kB\n")
	for name, want := range map[string]int64{"Pss": 385 << 10, "Pss_Anon": 120 << 10, "Pss_Shmem": 0, "Rss": 884 << 10} {
		if got := parseRollup(text, name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}

func TestFindProcesses(t *testing.T) {
	found, err := FindProcesses()
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(found[own], os.Getpid()) {
		t.Error(found, "lacks", strconv.Itoa(os.Getpid()))
	}
	if pss := rollup(os.Getpid(), "Pss"); pss <= 0 {
		t.Error(pss)
	}
	// Both are sums of pages in use; the resident ones are counted late, so they are not compared closely.
	if resident := residentBytes(os.Getpid()); resident <= 0 || resident%int64(os.Getpagesize()) != 0 {
		t.Error(resident)
	}
}

func TestLookPath(t *testing.T) {
	folder := t.TempDir()
	for name, mode := range map[string]os.FileMode{"run": 0o755, "text": 0o644} {
		if err := os.WriteFile(folder+"/"+name, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(folder+"/folder", 0o755); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=/nowhere:" + folder}
	if got, err := lookPath("run", env); err != nil || got != folder+"/run" {
		t.Error(got, err)
	}
	if got, err := lookPath("./run", nil); err != nil || got != "./run" {
		t.Error(got, err)
	}
	for _, name := range []string{"text", "folder", "none"} {
		if got, err := lookPath(name, env); err == nil {
			t.Error(name, got)
		}
	}
	if got, err := lookPath("sh", nil); err != nil {
		t.Error("without PATH:", got, err)
	}
}
