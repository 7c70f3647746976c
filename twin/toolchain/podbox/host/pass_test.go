package host

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"testing"
)

func TestHostSocket(t *testing.T) {
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	}()
	socket := filepath.Join(t.TempDir(), HostSocket)
	listener, err := serveHost(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ask := func(target string) string {
		t.Helper()
		c, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "%s\nhello", target)
		_ = c.(*net.UnixConn).CloseWrite()
		text, _ := io.ReadAll(c)
		return string(text)
	}
	if got := ask(server.Addr().String()); got != "hello" {
		t.Errorf("%q", got)
	}
	port := server.Addr().(*net.TCPAddr).Port
	for _, target := range []string{
		fmt.Sprintf("0.0.0.0:%d", port), fmt.Sprintf("127.0.0.2:%d", port), fmt.Sprintf("[::1]:%d", port), fmt.Sprintf("localhost:%d", port),
		"127.0.0.1:1", "127.0.0.1", "",
	} {
		if got := ask(target); got != "" {
			t.Errorf("%s: %q", target, got)
		}
	}
}

func TestTailExplains(t *testing.T) {
	for said, want := range map[string]string{
		"":                      "the node ended: exit status 1",
		"one\npodbox: lo: no\n": "the node ended: exit status 1: lo: no",
	} {
		last := &tail{}
		if _, err := last.Write([]byte(said)); err != nil {
			t.Fatal(err)
		}
		if got := last.explain(fmt.Errorf("exit status 1")).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
