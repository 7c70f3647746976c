package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"idp/toolchain/podbox/container"
)

func TestContainer(t *testing.T) {
	n := startNode(t)

	t.Run("runs with its arguments, environment, user, and nothing else", func(t *testing.T) {
		spec := n.spec("facts", "one two", "")
		spec.Cwd = "/made/for/it"
		code, text := n.run(spec)
		var f facts
		if err := json.Unmarshal([]byte(text), &f); err != nil || code != 0 {
			t.Fatal(code, text, err)
		}
		if !reflect.DeepEqual(f.Args, []string{"facts", "one two", ""}) || !reflect.DeepEqual(f.Env, []string{"A=1"}) {
			t.Errorf("args %q env %q", f.Args, f.Env)
		}
		if f.Cwd != "/made/for/it" || f.Host != "host" || f.UID != 65532 || f.GID != 65532 || f.PID != 1 {
			t.Errorf("%+v", f)
		}
		if !reflect.DeepEqual(f.Processes, []string{"/proc/1"}) {
			t.Errorf("sees %v", f.Processes)
		}
		for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
			if f.Status[set] != "0000000000000000" {
				t.Errorf("%s is %s", set, f.Status[set])
			}
		}
		if f.Status["NoNewPrivs"] != "1" {
			t.Error("may gain privileges")
		}
	})

	t.Run("writes to a root of its own that is empty at each start", func(t *testing.T) {
		spec := n.spec("write", "/file")
		if code, text := n.run(spec); code != 0 {
			t.Error(code, text)
		}
		spec.Args = []string{"/app", "probe", "read", "/file"}
		if code, text := n.run(spec); code != 1 || !strings.Contains(text, "no such file") {
			t.Error(code, text)
		}
		if left, err := os.ReadDir(filepath.Join(n.folder, "image")); err != nil || len(left) > 0 {
			t.Error("the image has", left, err)
		}
		if left, err := os.ReadDir(spec.Scratch); err != nil || len(left) > 0 {
			t.Error("the scratch folder has", left, err)
		}
	})

	t.Run("cannot write to a read-only root, but to a tmpfs of its size", func(t *testing.T) {
		spec := n.spec("write", "/file")
		spec.ReadOnlyRoot = true
		if code, text := n.run(spec); code != 1 || !strings.Contains(text, "read-only file system") {
			t.Error(code, text)
		}
		spec.Mounts = append(spec.Mounts, container.Mount{Target: "/tmp/deep", SizeMiB: 1})
		spec.Args = []string{"/app", "probe", "write", "/tmp/deep/file"}
		if code, text := n.run(spec); code != 0 {
			t.Error(code, text)
		}
		spec.Args = []string{"/app", "probe", "fill", "/tmp/deep/file"}
		if _, text := n.run(spec); !strings.Contains(text, "no space left") {
			t.Error(text)
		}
	})

	t.Run("has the machine's files and folders, read-only or not", func(t *testing.T) {
		folder := filepath.Join(n.folder, "volume, with: signs")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(folder, "config")
		if err := os.WriteFile(file, []byte("configured"), 0o644); err != nil {
			t.Fatal(err)
		}
		spec := n.spec("read", "/etc/app/config.yaml")
		spec.ReadOnlyRoot = true
		spec.Mounts = append(spec.Mounts, container.Mount{Source: file, Target: "/etc/app/config.yaml", ReadOnly: true},
			container.Mount{Source: folder, Target: "/open"}, container.Mount{Source: folder, Target: "/closed", ReadOnly: true})
		if code, text := n.run(spec); code != 0 || text != "configured\n" {
			t.Error(code, text)
		}
		for path, want := range map[string]int{"/open/new": 0, "/closed/new": 1, "/etc/app/config.yaml": 1} {
			spec.Args = []string{"/app", "probe", "write", path}
			if code, text := n.run(spec); code != want {
				t.Error(path, code, text)
			}
		}
		if text, err := os.ReadFile(filepath.Join(folder, "new")); err != nil || string(text) != "written" {
			t.Error(string(text), err)
		}
	})

	t.Run("has mounts where the image's links lead inside it", func(t *testing.T) {
		image := filepath.Join(n.folder, "linked")
		if err := os.MkdirAll(filepath.Join(image, "run"), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, target := range map[string]string{"absolute": "/run", "out": "../../../../run", "broken": "/nowhere"} {
			if err := os.Symlink(target, filepath.Join(image, name)); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"absolute", "out"} {
			spec := n.spec("write", "/run/"+name+"/file")
			spec.Image, spec.ReadOnlyRoot = image, true
			spec.Mounts = append(spec.Mounts, container.Mount{Target: "/" + name + "/" + name})
			if code, text := n.run(spec); code != 0 {
				t.Error(name, code, text)
			}
		}
		spec := n.spec("exit", "0")
		spec.Image = image
		spec.Mounts = append(spec.Mounts, container.Mount{Target: "/broken"})
		if status, text := n.call("PUT", testPod+"/containers/broken", spec); status != 422 || !strings.Contains(text, "leads to nothing") {
			t.Error(status, text)
		}
	})

	t.Run("cannot mount", func(t *testing.T) {
		if _, text := n.run(n.spec("mount")); !strings.Contains(text, "operation not permitted") {
			t.Error(text)
		}
	})

	t.Run("ends with its code", func(t *testing.T) {
		for _, want := range []int{0, 7, 255} {
			if code, _ := n.run(n.spec("exit", fmt.Sprint(want))); code != want {
				t.Errorf("%d instead of %d", code, want)
			}
		}
	})

	t.Run("ends by signals", func(t *testing.T) {
		path := n.ready(n.spec("stop"))
		n.must("POST", path+"/signal", map[string]string{"signal": "SIGTERM"}, nil)
		if exit := n.exit(path); exit.Code != 5 {
			t.Error(exit)
		}
		n.must("POST", path+"/signal", map[string]string{"signal": "SIGTERM"}, nil)
		path = n.ready(n.spec("wait"))
		n.must("POST", path+"/signal", map[string]string{"signal": "SIGKILL"}, nil)
		if exit := n.exit(path); exit.Code != 137 || exit.OOMKilled {
			t.Error(exit)
		}
		if status, text := n.call("POST", path+"/signal", map[string]string{"signal": "SIGHUP"}); status != 400 || !strings.Contains(text, "SIGTERM nor SIGKILL") {
			t.Error(status, text)
		}
	})

	t.Run("says why it cannot start", func(t *testing.T) {
		for want, change := range map[string]func(*container.Spec){
			`"nothing": executable file not found in $PATH`: func(s *container.Spec) { s.Args = []string{"nothing"} },
			"/nothing: no such file or directory":           func(s *container.Spec) { s.Args = []string{"/nothing"} },
			"/etc: permission denied":                       func(s *container.Spec) { s.Args = []string{"/etc"} },
			"args is empty":                                 func(s *container.Spec) { s.Args = nil },
			"is not an absolute path":                       func(s *container.Spec) { s.Cwd = "relative" },
			"not an absolute path of the machine":           func(s *container.Spec) { s.Image = "" },
			"/no/image: no such file":                       func(s *container.Spec) { s.Image = "/no/image" },
			"mount /x: stat /no/source: no such file":       func(s *container.Spec) { s.Mounts[0] = container.Mount{Source: "/no/source", Target: "/x"} },
			"the kernel allows 64":                          func(s *container.Spec) { s.Hostname = strings.Repeat("h", 65) },
		} {
			spec := n.spec("exit", "0")
			change(&spec)
			status, text := n.call("PUT", testPod+"/containers/failing", spec)
			if status != 422 || !strings.Contains(text, want) || strings.Count(text, "\n") > 1 {
				t.Errorf("%d %q, want %q", status, text, want)
			}
		}
		if status, _ := n.call("GET", testPod+"/containers/failing/exit", nil); status != 404 {
			t.Error(status)
		}
	})

	t.Run("is the only one of its name, until it ends", func(t *testing.T) {
		spec := n.spec("wait")
		path := n.ready(spec)
		if status, text := n.call("PUT", path, spec); status != 409 {
			t.Error(status, text)
		}
		n.must("POST", path+"/signal", map[string]string{"signal": "SIGKILL"}, nil)
		n.exit(path)
		spec.Args = []string{"/app", "probe", "exit", "3"}
		n.must("PUT", path, spec, nil)
		if exit := n.exit(path); exit.Code != 3 {
			t.Error(exit)
		}
	})

	t.Run("can take its own rights away, and still be removed", func(t *testing.T) {
		spec := n.spec("lock")
		n.run(spec)
		if left, err := os.ReadDir(spec.Scratch); err != nil || len(left) > 0 {
			t.Error(left, err)
		}
	})

	t.Run("logs in CRI format", func(t *testing.T) {
		spec := n.spec("say", "to all", "to some")
		n.run(spec)
		text, err := os.ReadFile(spec.Log)
		if err != nil {
			t.Fatal(err)
		}
		at := `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z`
		for _, want := range []string{" stdout F to all\n", " stderr F to some\n", " stdout P no end\n"} {
			if !regexp.MustCompile("(?m)^" + at + want).Match(text) {
				t.Errorf("%q is not in %q", want, text)
			}
		}
		spec.Args = []string{"/app", "probe", "long"}
		n.run(spec)
		longer, err := os.ReadFile(spec.Log)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(longer), string(text)) {
			t.Error("the log is not appended to")
		}
		lines := strings.Split(strings.TrimSpace(string(longer[len(text):])), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], " stdout P x") || !strings.Contains(lines[1], " stdout F x") {
			t.Errorf("%.80q", lines)
		}
	})

	t.Run("is killed beyond its memory, with all processes counted", func(t *testing.T) {
		spec := n.spec("child", "memory", "80")
		spec.MemoryLimitBytes = 64 << 20
		if exit := n.exit(n.start(spec)); exit.Code != 137 || !exit.OOMKilled {
			t.Error(exit)
		}
		spec = n.spec("memory", "20")
		spec.MemoryLimitBytes = 64 << 20
		path := n.ready(spec)
		time.Sleep(2200 * time.Millisecond)
		n.must("POST", path+"/signal", map[string]string{"signal": "SIGKILL"}, nil)
		if exit := n.exit(path); exit.OOMKilled {
			t.Error(exit)
		}
	})

	t.Run("is measured", func(t *testing.T) {
		idle, busy, large := n.spec("wait"), n.spec("child", "burn"), n.spec("child", "memory", "50")
		paths := []string{}
		for i, spec := range []container.Spec{idle, busy, large} {
			path := fmt.Sprintf("%s/containers/m%d", testPod, i)
			n.must("PUT", path, spec, nil)
			n.until("it is ready", func() bool { return strings.Contains(n.said(spec), "ready") })
			paths = append(paths, path)
		}
		time.Sleep(500 * time.Millisecond)
		var usage map[string]map[string]container.Usage
		n.must("GET", "/usage", nil, &usage)
		u := usage["uid"]
		if len(usage) != 1 || len(u) != 3 {
			t.Fatal(usage)
		}
		if u["m1"].CPUSeconds < 0.1 || u["m0"].CPUSeconds > 0.1 {
			t.Error("cpu", u)
		}
		if u["m2"].MemoryBytes < 50<<20 || u["m2"].MemoryBytes > 90<<20 || u["m0"].MemoryBytes > 30<<20 || u["m0"].MemoryBytes == 0 {
			t.Error("memory", u)
		}
		for _, path := range paths {
			n.must("POST", path+"/signal", map[string]string{"signal": "SIGKILL"}, nil)
			n.exit(path)
		}
	})
}

func TestExec(t *testing.T) {
	n := startNode(t)
	path := n.ready(n.spec("wait"))
	type answer struct {
		Code   int
		Output string
	}
	run := func(seconds float64, args ...string) answer {
		t.Helper()
		var a answer
		n.must("POST", path+"/exec", map[string]any{"args": args, "timeoutSeconds": seconds}, &a)
		return a
	}
	t.Run("runs in the container, as it does", func(t *testing.T) {
		a := run(5, "/app", "probe", "facts")
		var f facts
		if err := json.Unmarshal([]byte(a.Output), &f); err != nil {
			t.Fatal(a, err)
		}
		if a.Code != 0 || f.UID != 65532 || f.Host != "host" || len(f.Processes) != 2 || f.Status["CapEff"] != "0000000000000000" ||
			f.Status["CapBnd"] != "0000000000000000" || f.Status["NoNewPrivs"] != "1" || !reflect.DeepEqual(f.Env, []string{"A=1"}) {
			t.Errorf("%+v", f)
		}
	})
	t.Run("has a code and both streams", func(t *testing.T) {
		if a := run(5, "/app", "probe", "exit", "9"); a.Code != 9 {
			t.Error(a)
		}
		if a := run(5, "/app", "probe", "say", "out", "err"); !strings.Contains(a.Output, "out\n") || !strings.Contains(a.Output, "err\n") {
			t.Error(a)
		}
	})
	t.Run("cuts the output", func(t *testing.T) {
		if a := run(5, "/app", "probe", "long"); len(a.Output) != 10<<10 {
			t.Error(len(a.Output))
		}
	})
	t.Run("is killed when it takes too long", func(t *testing.T) {
		began := time.Now()
		if a := run(0.2, "/app", "probe", "wait"); a.Code != 124 || a.Output != "ready\n" || time.Since(began) > 3*time.Second {
			t.Error(a, time.Since(began))
		}
	})
	t.Run("does not wait for what it leaves running", func(t *testing.T) {
		began := time.Now()
		if a := run(10, "/app", "probe", "background"); a.Code != 0 || time.Since(began) > 5*time.Second {
			t.Error(a, time.Since(began))
		}
	})
	t.Run("fails when it cannot start", func(t *testing.T) {
		if a := run(5, "nothing"); a.Code != 127 || !strings.Contains(a.Output, "not found") {
			t.Error(a)
		}
		if a := run(5); a.Code != 127 {
			t.Error(a)
		}
	})
	t.Run("does not harm the container, which outlives the threads of many", func(t *testing.T) {
		done := make(chan answer)
		for range 20 {
			go func() { done <- run(5, "/app", "probe", "exit", "0") }()
		}
		for range 20 {
			if a := <-done; a.Code != 0 {
				t.Error(a)
			}
		}
		time.Sleep(time.Second)
		if a := run(5, "/app", "probe", "exit", "0"); a.Code != 0 {
			t.Error(a)
		}
	})
	t.Run("is refused where nothing runs", func(t *testing.T) {
		n.must("POST", path+"/signal", map[string]string{"signal": "SIGKILL"}, nil)
		n.exit(path)
		if status, text := n.call("POST", path+"/exec", map[string]any{"args": []string{"x"}}); status != 409 || !strings.Contains(text, "ended") {
			t.Error(status, text)
		}
	})
}
