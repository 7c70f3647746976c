package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"idp/toolchain/podbox/container"
)

const patience = 20 * time.Second

// needsNamespaces lets a machine without them run the other tests, but only one that says so.
func needsNamespaces(t *testing.T) {
	t.Helper()
	if os.Getenv("PODBOX_WITHOUT_NAMESPACES") == "1" {
		t.Skip("PODBOX_WITHOUT_NAMESPACES=1")
	}
}

// testNode is a node of a test, with one Pod.
type testNode struct {
	t       *testing.T
	folder  string
	command *exec.Cmd
	output  *bytes.Buffer
	ended   chan struct{}
	client  http.Client
	count   int
}

const testPod = "/pods/uid"

func startNode(t *testing.T, args ...string) *testNode {
	t.Helper()
	needsNamespaces(t)
	// Not t.TempDir, whose path is too long for sockets if the test's name is.
	base, err := os.MkdirTemp("", "podbox-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(base); err != nil {
			t.Error("not all can be removed by its owner:", err)
		}
	})
	n := &testNode{t: t, folder: filepath.Join(base, "node"), output: &bytes.Buffer{}, ended: make(chan struct{})}
	if err := os.MkdirAll(filepath.Join(base, "node", "image"), 0o755); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(n.folder, "node.sock")
	n.client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	n.command = exec.Command("/proc/self/exe", append([]string{"node", n.folder}, args...)...)
	n.command.Stdout, n.command.Stderr = n.output, n.output
	if err := n.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = n.command.Wait()
		close(n.ended)
	}()
	t.Cleanup(func() {
		_ = n.command.Process.Signal(syscall.SIGTERM)
		n.waitForEnd()
		if t.Failed() {
			t.Logf("the node said: %s", n.output)
		}
	})
	n.until("the node answers", func() bool {
		c, err := net.Dial("unix", socket)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	n.must("PUT", testPod, map[string]string{"namespace": "ns", "name": "pod", "ip": "10.245.0.2"}, nil)
	return n
}

func (n *testNode) waitForEnd() {
	n.t.Helper()
	select {
	case <-n.ended:
	case <-time.After(patience):
		_ = n.command.Process.Kill()
		n.t.Error("the node does not end")
	}
}

func (n *testNode) until(what string, isSo func() bool) {
	n.t.Helper()
	for deadline := time.Now().Add(patience); !isSo(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			n.t.Fatalf("not in time: %s; the node said: %s", what, n.output)
		}
	}
}

// call returns the status and the body.
func (n *testNode) call(method, path string, in any) (int, string) {
	n.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		n.t.Fatal(err)
	}
	if in == nil {
		body = nil
	}
	request, err := http.NewRequest(method, "http://node"+path, bytes.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	response, err := n.client.Do(request)
	if err != nil {
		n.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func (n *testNode) must(method, path string, in, out any) {
	n.t.Helper()
	status, text := n.call(method, path, in)
	if status >= 300 {
		n.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		n.t.Fatal(err)
	}
}

// spec is that of a container that runs a probe.
func (n *testNode) spec(args ...string) container.Spec {
	n.count++
	program, err := os.Executable()
	if err != nil {
		n.t.Fatal(err)
	}
	at := filepath.Join(n.folder, fmt.Sprint(n.count))
	return container.Spec{
		Image: filepath.Join(n.folder, "image"), Scratch: at, Log: at + ".log", Hostname: "host",
		Args: append([]string{"/app", "probe"}, args...), Env: []string{"A=1"},
		Mounts: []container.Mount{{Source: program, Target: "/app", ReadOnly: true}},
	}
}

func (n *testNode) start(spec container.Spec) string {
	n.t.Helper()
	path := fmt.Sprintf("%s/containers/c%d", testPod, n.count)
	n.must("PUT", path, spec, nil)
	return path
}

func (n *testNode) exit(path string) container.Exit {
	n.t.Helper()
	var exit container.Exit
	n.must("GET", path+"/exit", nil, &exit)
	return exit
}

// run returns the exit code and what the container said, without times.
func (n *testNode) run(spec container.Spec) (int, string) {
	n.t.Helper()
	exit := n.exit(n.start(spec))
	return exit.Code, n.said(spec)
}

func (n *testNode) said(spec container.Spec) string {
	n.t.Helper()
	text, err := os.ReadFile(spec.Log)
	if err != nil {
		n.t.Fatal(err)
	}
	var said strings.Builder
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(line, " ", 4)
		if len(fields) != 4 {
			n.t.Fatalf("not CRI: %q", line)
		}
		said.WriteString(fields[3])
	}
	return said.String()
}

// ready starts a container that says so.
func (n *testNode) ready(spec container.Spec) string {
	n.t.Helper()
	path := n.start(spec)
	n.until("the container is ready", func() bool { return strings.Contains(n.said(spec), "ready") })
	return path
}

// isAlive says whether a process runs. One that nobody has waited for yet does not.
func isAlive(process int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
