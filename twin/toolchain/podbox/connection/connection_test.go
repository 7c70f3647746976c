package connection

import (
	"io"
	"net"
	"strings"
	"testing"
)

// pair returns both ends of a TCP connection.
func pair(t *testing.T) (*net.TCPConn, *net.TCPConn) {
	t.Helper()
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.DialTCP("tcp4", nil, listener.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	server, err := listener.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(); _ = server.Close() })
	return client, server
}

func TestSpliceOfHalfClosedConnections(t *testing.T) {
	client, a := pair(t)
	b, server := pair(t)
	done := make(chan struct{})
	go func() { Splice(a, b); close(done) }()
	if _, err := io.WriteString(client, "question"); err != nil {
		t.Fatal(err)
	}
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(server); err != nil || string(text) != "question" {
		t.Fatal(string(text), err)
	}
	if _, err := io.WriteString(server, "answer"); err != nil {
		t.Fatal(err)
	}
	_ = server.Close()
	if text, err := io.ReadAll(client); err != nil || string(text) != "answer" {
		t.Fatal(string(text), err)
	}
	<-done
}

func TestSpliceEndsWhenOneSideIsReset(t *testing.T) {
	client, a := pair(t)
	b, server := pair(t)
	done := make(chan struct{})
	go func() { Splice(a, b); close(done) }()
	_ = client.SetLinger(0)
	_ = client.Close()
	_, _ = io.ReadAll(server)
	_ = server.Close()
	<-done
}

func TestReadLine(t *testing.T) {
	rest := strings.NewReader("127.0.0.1:80\nbytes")
	if line, err := ReadLine(rest); err != nil || line != "127.0.0.1:80" || rest.Len() != len("bytes") {
		t.Error(line, err, rest.Len())
	}
	for _, text := range []string{"", "no end", strings.Repeat("x", 300) + "\n"} {
		if line, err := ReadLine(strings.NewReader(text)); err == nil {
			t.Error(line)
		}
	}
}
