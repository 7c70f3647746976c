package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// apiServer asks a node's kubelet API as the API server does.
type apiServer struct {
	t       *testing.T
	address string
	tls     *tls.Config
}

func startKubelet(t *testing.T) (*testNode, apiServer) {
	t.Helper()
	needsNamespaces(t)
	certificates := t.TempDir()
	if err := run([]string{"certificates", certificates}); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	n := startNode(t, "--kubelet", address, "--certificates", certificates)
	pair, err := tls.LoadX509KeyPair(filepath.Join(certificates, "client.crt"), filepath.Join(certificates, "client.key"))
	if err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(filepath.Join(certificates, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(authority)
	return n, apiServer{t, address, &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: trusted}}
}

func (a apiServer) get(path string) (int, string) {
	a.t.Helper()
	client := http.Client{Transport: &http.Transport{TLSClientConfig: a.tls}}
	response, err := client.Get("https://" + a.address + path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// upgrade opens a SPDY connection.
func (a apiServer) upgrade(path, protocol string) httpstream.Connection {
	a.t.Helper()
	transport, err := spdy.NewRoundTripper(a.tls)
	if err != nil {
		a.t.Fatal(err)
	}
	request, err := http.NewRequest("POST", "https://"+a.address+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set(httpstream.HeaderProtocolVersion, protocol)
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	connection, err := transport.NewConnection(response)
	if err != nil {
		a.t.Fatal(err)
	}
	return connection
}

func (a apiServer) stream(connection httpstream.Connection, headers map[string]string) httpstream.Stream {
	a.t.Helper()
	all := http.Header{}
	for name, value := range headers {
		all.Set(name, value)
	}
	stream, err := connection.CreateStream(all)
	if err != nil {
		a.t.Fatal(err)
	}
	return stream
}

// exec returns what a command says and its status (JSON).
func (a apiServer) exec(pod, input string, isTerminal bool, args ...string) (string, string) {
	a.t.Helper()
	query := url.Values{"command": args, "input": {"1"}, "output": {"1"}}
	if isTerminal {
		query.Set("tty", "1")
	}
	connection := a.upgrade("/exec/ns/"+pod+"/app?"+query.Encode(), remotecommand.StreamProtocolV4Name)
	defer connection.Close()
	kind := func(name string) map[string]string { return map[string]string{remotecommand.StreamType: name} }
	failure := a.stream(connection, kind(remotecommand.StreamTypeError))
	stdin := a.stream(connection, kind(remotecommand.StreamTypeStdin))
	stdout := a.stream(connection, kind(remotecommand.StreamTypeStdout))
	if isTerminal {
		resize := a.stream(connection, kind(remotecommand.StreamTypeResize))
		if _, err := io.WriteString(resize, `{"Width":100,"Height":30}`); err != nil {
			a.t.Fatal(err)
		}
	}
	if _, err := io.WriteString(stdin, input); err != nil {
		a.t.Fatal(err)
	}
	if !isTerminal {
		_ = stdin.Close()
	}
	said, err := io.ReadAll(stdout)
	if err != nil {
		a.t.Fatal(err)
	}
	status, err := io.ReadAll(failure)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(said), string(status)
}

// forward sends a line to a port and returns the answer or the error.
func (a apiServer) forward(pod string, port int, line string) string {
	a.t.Helper()
	connection := a.upgrade("/portForward/ns/"+pod, portforward.PortForwardV1Name)
	defer connection.Close()
	headers := map[string]string{portforward.PortHeader: fmt.Sprint(port), portforward.PortForwardRequestIDHeader: "0", portforward.StreamType: portforward.StreamTypeError}
	failure := a.stream(connection, headers)
	_ = failure.Close()
	reason := make(chan string)
	go func() {
		text, _ := io.ReadAll(failure)
		reason <- string(text)
	}()
	// An error may reset both streams before this one is made.
	data, err := connection.CreateStream(http.Header{
		portforward.PortHeader: {fmt.Sprint(port)}, portforward.PortForwardRequestIDHeader: {"0"}, portforward.StreamType: {portforward.StreamTypeData},
	})
	if err != nil {
		return <-reason
	}
	_, _ = io.WriteString(data, line)
	_ = data.Close()
	said, _ := io.ReadAll(data)
	return string(said) + <-reason
}

func TestKubelet(t *testing.T) {
	n, a := startKubelet(t)
	spec := n.spec("wait")
	n.must("PUT", testPod+"/containers/app", spec, nil)
	n.until("it is ready", func() bool { return strings.Contains(n.said(spec), "ready") })

	t.Run("wants a certificate", func(t *testing.T) {
		anonymous := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.tls.RootCAs}}}
		if response, err := anonymous.Get("https://" + a.address + "/containerLogs/ns/pod/app"); err == nil {
			t.Error(response.Status)
		}
	})
	t.Run("shows logs", func(t *testing.T) {
		if status, text := a.get("/containerLogs/ns/pod/app"); status != 200 || text != "ready\n" {
			t.Error(status, text)
		}
		if _, text := a.get("/containerLogs/ns/pod/app?timestamps=true"); !regexp.MustCompile(`^\d{4}-\S+Z ready\n$`).MatchString(text) {
			t.Error(text)
		}
		if status, text := a.get("/containerLogs/ns/none/app"); status != 404 || !strings.Contains(text, "ns/none") {
			t.Error(status, text)
		}
	})
	t.Run("runs commands with input", func(t *testing.T) {
		if said, status := a.exec("pod", "typed\n", false, "/app", "probe", "echo"); said != "typed\n" || !strings.Contains(status, `"Success"`) {
			t.Error(said, status)
		}
	})
	t.Run("runs commands that read no input and fail", func(t *testing.T) {
		if _, status := a.exec("pod", "ignored", false, "/app", "probe", "exit", "3"); !strings.Contains(status, `"ExitCode"`) || !strings.Contains(status, `"message":"3"`) {
			t.Error(status)
		}
		if _, status := a.exec("pod", "", false, "nothing"); !strings.Contains(status, "executable file not found") {
			t.Error(status)
		}
	})
	t.Run("runs commands on a terminal of the container", func(t *testing.T) {
		said, status := a.exec("pod", "me\n", true, "/app", "probe", "terminal")
		if !strings.Contains(said, "/dev/pts/0 <nil>\r\n") || !strings.Contains(said, "typed me\r\n") || !strings.Contains(status, `"message":"4"`) {
			t.Errorf("%q %s", said, status)
		}
	})
	t.Run("runs commands by websocket", func(t *testing.T) {
		query := url.Values{"command": {"/app", "probe", "exit", "5"}, "output": {"1"}}
		config, err := websocket.NewConfig("wss://"+a.address+"/exec/ns/pod/app?"+query.Encode(), "https://"+a.address)
		if err != nil {
			t.Fatal(err)
		}
		config.TlsConfig, config.Protocol = a.tls, []string{"v4.channel.k8s.io"}
		connection, err := websocket.DialConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		_ = connection.SetDeadline(time.Now().Add(patience))
		var all strings.Builder
		for {
			var frame []byte
			if err := websocket.Message.Receive(connection, &frame); err != nil {
				break
			}
			all.Write(frame)
		}
		if !strings.Contains(all.String(), `"message":"5"`) {
			t.Errorf("%q", all.String())
		}
	})
	t.Run("does not end with a command's thread", func(t *testing.T) {
		time.Sleep(500 * time.Millisecond)
		if _, status := a.exec("pod", "", false, "/app", "probe", "exit", "0"); !strings.Contains(status, `"Success"`) {
			t.Error(status)
		}
	})
	t.Run("shows the newest Pod of a name", func(t *testing.T) {
		n.must("PUT", "/pods/newer", map[string]string{"namespace": "ns", "name": "pod", "ip": "10.245.0.7"}, nil)
		if status, _ := a.get("/containerLogs/ns/pod/app"); status != 404 {
			t.Error(status)
		}
		n.must("DELETE", "/pods/newer", nil, nil)
		if status, _ := a.get("/containerLogs/ns/pod/app"); status != 200 {
			t.Error(status)
		}
	})
}

func TestKubeletForwardsPorts(t *testing.T) {
	n, a := startKubelet(t)
	spec := n.spec("serve", "0.0.0.0:1599")
	n.must("PUT", testPod+"/containers/app", spec, nil)
	n.until("it is ready", func() bool { return strings.Contains(n.said(spec), "ready") })
	if got := a.forward("pod", 1599, "hello\n"); got != "hello\n" {
		t.Error(got)
	}
	if got := a.forward("pod", 1, "hello\n"); !strings.Contains(got, "refused") {
		t.Error(got)
	}
}

func TestKubeletOfProcesses(t *testing.T) {
	n, a := startKubelet(t)
	log := filepath.Join(n.folder, "process.log")
	if err := os.WriteFile(log, []byte("plain line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	}()
	port := listener.Addr().(*net.TCPAddr).Port
	n.must("PUT", "/processes/p", map[string]any{"namespace": "ns", "name": "process", "containers": map[string]any{
		"app": map[string]any{"log": log, "ports": map[string]int{"8080": port}},
	}}, nil)
	if status, text := a.get("/containerLogs/ns/process/app"); status != 200 || text != "plain line\n" {
		t.Error(status, text)
	}
	if got := a.forward("process", 8080, "hello\n"); got != "hello\n" {
		t.Error(got)
	}
	if got := a.forward("process", 9, "hello\n"); !strings.Contains(got, "no container of Pod ns/process has port 9") {
		t.Error(got)
	}
	if _, status := a.exec("process", "", false, "sh"); !strings.Contains(status, "Pod process is a process of the machine") {
		t.Error(status)
	}
	followed := make(chan string)
	go func() {
		_, text := a.get("/containerLogs/ns/process/app?follow=true")
		followed <- text
	}()
	time.Sleep(300 * time.Millisecond)
	n.must("DELETE", "/processes/p", nil, nil)
	select {
	case text := <-followed:
		if text != "plain line\n" {
			t.Error(text)
		}
	case <-time.After(patience):
		t.Error("the log of a Pod that is gone is followed")
	}
	if status, _ := a.get("/containerLogs/ns/process/app"); status != 404 {
		t.Error(status)
	}
}
