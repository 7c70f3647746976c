package main

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"idp/toolchain/podbox/container"
)

type state map[string]struct {
	IP         string
	Containers map[string]struct {
		PID       int
		StartedAt time.Time
		Exit      *struct{ Code int }
	}
}

func TestAPI(t *testing.T) {
	n := startNode(t)

	t.Run("refuses with a reason", func(t *testing.T) {
		for _, c := range []struct {
			method, path string
			body         any
			status       int
			reason       string
		}{
			{"PUT", "/pods/uid", map[string]string{"namespace": "ns", "name": "pod", "ip": "10.245.0.9"}, 409, "10.245.0.2 already"},
			{"PUT", "/pods/other", map[string]string{"namespace": "ns", "name": "pod", "ip": "10.245.0.2"}, 409, "has the address"},
			{"PUT", "/pods/other", map[string]string{"nmespace": "ns"}, 400, "nmespace"},
			{"PUT", "/pods/other", nil, 400, "PUT /pods/{pod} takes"},
			{"PUT", "/pods/none/containers/c", n.spec("wait"), 404, "no Pod none"},
			{"GET", "/pods/none/containers/c/exit", nil, 404, "no Pod none"},
			{"GET", "/pods/uid/containers/none/exit", nil, 404, "no container none"},
			{"POST", "/pods/uid/containers/none/exec", map[string]any{"args": []string{"x"}}, 404, "no container none"},
			{"GET", "/dial?to=nowhere", nil, 400, "not <ip>:<port>"},
			{"PUT", "/processes/p", map[string]any{"namespace": "ns", "name": "p", "containers": map[string]any{"c": map[string]any{"log": "x"}}}, 400, "not an absolute path"},
		} {
			if status, text := n.call(c.method, c.path, c.body); status != c.status || !strings.Contains(text, c.reason) {
				t.Errorf("%s %s: %d %q, want %d %q", c.method, c.path, status, text, c.status, c.reason)
			}
		}
	})

	t.Run("takes the same again", func(t *testing.T) {
		for range 2 {
			if status, text := n.call("PUT", "/pods/two", map[string]string{"namespace": "ns", "name": "two", "ip": "10.245.0.3"}); status != 204 {
				t.Error(status, text)
			}
		}
		for range 2 {
			if status, text := n.call("DELETE", "/pods/two", nil); status != 204 {
				t.Error(status, text)
			}
		}
		if status, text := n.call("PUT", "/pods/two", map[string]string{"namespace": "ns", "name": "two", "ip": "10.245.0.3"}); status != 204 {
			t.Error("the address is not free:", status, text)
		}
		n.must("DELETE", "/pods/two", nil, nil)
	})

	t.Run("lists Pods, and ends what runs in one that is deleted", func(t *testing.T) {
		n.must("PUT", "/pods/three", map[string]string{"namespace": "ns", "name": "three", "ip": "10.245.0.4"}, nil)
		n.must("PUT", "/pods/three/containers/ended", n.spec("exit", "6"), nil)
		if status, _ := n.call("GET", "/pods/three/containers/ended/exit", nil); status != 200 {
			t.Fatal(status)
		}
		n.must("PUT", "/pods/three/containers/runs", n.spec("child", "wait"), nil)
		var s state
		n.must("GET", "/pods", nil, &s)
		p := s["three"]
		runs, ended := p.Containers["runs"], p.Containers["ended"]
		if p.IP != "10.245.0.4" || runs.Exit != nil || ended.Exit == nil || ended.Exit.Code != 6 || time.Since(runs.StartedAt) > time.Minute {
			t.Fatalf("%+v", s)
		}
		if !isAlive(runs.PID) {
			t.Fatal("the number is not that of a process")
		}
		n.must("DELETE", "/pods/three", nil, nil)
		if isAlive(runs.PID) {
			t.Error("it still runs")
		}
		s = nil
		n.must("GET", "/pods", nil, &s)
		if len(s) != 1 {
			t.Error(s)
		}
	})

	t.Run("refuses a connection that nobody takes", func(t *testing.T) {
		if status, text := n.call("GET", "/dial?to=127.0.0.1:1", nil); status != 502 {
			t.Error(status, text)
		}
	})
}

func TestSIGTERMEndsAll(t *testing.T) {
	n := startNode(t)
	spec := n.spec("wait")
	n.ready(spec)
	process := n.processOf(1)
	if err := n.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	n.waitForEnd()
	if code := n.command.ProcessState.ExitCode(); code != 0 {
		t.Error("exit code", code)
	}
	if isAlive(process) {
		t.Error("the container still runs")
	}
	if left, err := os.ReadDir(spec.Scratch); err != nil || len(left) > 0 {
		t.Error("the scratch folder has", left, err)
	}
}

func (n *testNode) processOf(count int) int {
	n.t.Helper()
	var s state
	n.must("GET", "/pods", nil, &s)
	return s["uid"].Containers[fmt.Sprintf("c%d", count)].PID
}

// inner returns the process in the namespaces.
func (n *testNode) inner() int {
	n.t.Helper()
	text, err := exec.Command("cat", fmt.Sprintf("/proc/%d/task/%d/children", n.command.Process.Pid, n.command.Process.Pid)).Output()
	if err != nil {
		n.t.Fatal(err)
	}
	var process int
	if _, err := fmt.Sscan(string(text), &process); err != nil {
		n.t.Fatal(err, string(text))
	}
	return process
}

func TestKillOfTheOuterProcessLeavesNothing(t *testing.T) {
	n := startNode(t)
	n.ready(n.spec("child", "wait"))
	process, inner := n.processOf(1), n.inner()
	if err := n.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	n.until("all have ended", func() bool { return !isAlive(process) && !isAlive(inner) })
}

func TestKillOfTheInnerProcessIsReported(t *testing.T) {
	n := startNode(t)
	n.ready(n.spec("wait"))
	process := n.processOf(1)
	if err := syscall.Kill(n.inner(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	n.waitForEnd()
	n.until("the container has ended", func() bool { return !isAlive(process) })
	if code := n.command.ProcessState.ExitCode(); code != 1 || !strings.Contains(n.output.String(), "podbox: the node ended: signal: killed") {
		t.Error(code, n.output)
	}
}

func TestNodeTakesTheFolderOfAKilledOne(t *testing.T) {
	n := startNode(t)
	if err := n.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	n.waitForEnd()
	again := exec.Command("/proc/self/exe", "node", n.folder)
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = again.Process.Signal(syscall.SIGTERM)
		_ = again.Wait()
	}()
	n.until("it answers", func() bool {
		response, err := n.client.Get("http://node/pods")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == 200
	})
	info, err := os.Stat(n.folder)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info.Mode(), err)
	}
}

func TestCheck(t *testing.T) {
	needsNamespaces(t)
	folder := filepath.Join(t.TempDir(), "new")
	command := exec.Command("/proc/self/exe", "check", folder)
	output, err := command.CombinedOutput()
	if err != nil || string(output) != "{\"ok\":true}\n" {
		t.Errorf("%s %v", output, err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Error("left", left, err)
	}
}

func TestCheckSaysWhyNot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("/proc/self/exe", "check", file)
	output, _ := command.Output()
	if code := command.ProcessState.ExitCode(); code != 1 || !strings.HasPrefix(string(output), `{"ok":false,"reason":"`) || !strings.Contains(string(output), "not a directory") {
		t.Errorf("%d %s", code, output)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"nothing"}, {"check"}, {"unpack", "folder"}, {"certificates"}, {"node"}, {"node", "a", "b"},
		{"node", "a", "--kubelet", "127.0.0.1:1"}, {"node", "a", "--kubelet", "0.0.0.0:1", "--certificates", "b"},
		{"node", "a", "--kubelet", "[::1]:1", "--certificates", "b"}, {"node", "a", "--other"},
	} {
		if err := run(args); err == nil {
			t.Error(args)
		} else if _, ok := err.(*usageError); !ok {
			t.Error(args, err)
		}
	}
}

func TestNodeRefusesALongPath(t *testing.T) {
	folder := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	if err := run([]string{"node", folder}); err == nil || !strings.Contains(err.Error(), "use a shorter folder") {
		t.Error(err)
	}
}

func TestDial(t *testing.T) {
	n := startNode(t)
	spec := n.spec("serve", "0.0.0.0:1599")
	n.ready(spec)
	c, err := net.Dial("unix", filepath.Join(n.folder, "node.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET /dial?to=10.245.0.2:1599 HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly ")
	reader := bufio.NewReader(c)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != 101 {
		t.Fatal(response, err)
	}
	fmt.Fprint(c, "late\n")
	if line, err := reader.ReadString('\n'); err != nil || line != "early late\n" {
		t.Error(line, err)
	}
}

func TestManyAtOnce(t *testing.T) {
	n := startNode(t)
	var pods sync.WaitGroup
	for i := range 10 {
		specs := []container.Spec{n.spec("exit", "0"), n.spec("exit", "0")}
		pods.Go(func() {
			pod := fmt.Sprintf("/pods/many%d", i)
			for _, call := range []struct {
				method, path string
				body         any
			}{
				{"PUT", pod, map[string]string{"namespace": "ns", "name": fmt.Sprint(i), "ip": fmt.Sprintf("10.245.1.%d", i)}},
				{"PUT", pod + "/containers/a", specs[0]},
				{"PUT", pod + "/containers/b", specs[1]},
				{"GET", pod + "/containers/a/exit", nil},
				{"DELETE", pod, nil},
			} {
				if status, text := n.call(call.method, call.path, call.body); status >= 300 || strings.HasSuffix(call.path, "/exit") && !strings.Contains(text, `"code":0`) {
					t.Errorf("%s %s: %d %s", call.method, call.path, status, text)
				}
			}
		})
	}
	pods.Wait()
}

func TestUnpackedImageRuns(t *testing.T) {
	n := startNode(t)
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	layer := filepath.Join(n.folder, "layer.tar")
	file, err := os.Create(layer)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(file)
	err = errors.Join(
		archive.WriteHeader(&tar.Header{Name: "bin/app", Typeflag: tar.TypeReg, Mode: 0o555, Size: int64(len(program))}),
		func() error { _, err := archive.Write(program); return err }(),
		archive.WriteHeader(&tar.Header{Name: "app", Typeflag: tar.TypeSymlink, Linkname: "/bin/app"}),
		archive.Close(), file.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(n.folder, "unpacked")
	if err := run([]string{"unpack", image, layer}); err != nil {
		t.Fatal(err)
	}
	spec := n.spec("exit", "8")
	spec.Image, spec.Mounts, spec.ReadOnlyRoot = image, nil, true
	if code, text := n.run(spec); code != 8 {
		t.Error(code, text)
	}
}
