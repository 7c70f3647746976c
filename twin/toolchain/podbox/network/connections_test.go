package network

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func connect(t testing.TB, p testPod, to string) (*net.TCPConn, *bufio.Reader) {
	t.Helper()
	c, err := p.dial("tcp4", to, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(4 * limit)); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	if _, err := in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn), in
}

func repeats(t *testing.T, c net.Conn, in *bufio.Reader, text string) {
	t.Helper()
	if _, err := fmt.Fprintln(c, text); err != nil {
		t.Fatal(err)
	}
	if got, err := in.ReadString('\n'); err != nil || got != text+"\n" {
		t.Fatalf("%q %v, not %q", got, err, text)
	}
}

func TestOpenConnectionsOutliveTables(t *testing.T) {
	n := needNode(t)
	a, b := attach(t, n, caller), attach(t, n, first)
	b.serve(t, 1599)
	set(t, n, document{Services: map[string][]string{service: {first + ":1599"}}})
	c, in := connect(t, a, service)
	for _, d := range []document{
		{Services: map[string][]string{service: {first + ":1599"}}, Egress: rules(t, `{"10.245.0.3":[{"cidrs":["10.245.0.4/32"]}]}`)},
		{Services: map[string][]string{service: {}}},
		{Egress: rules(t, `{"10.245.0.3":[]}`), Ports: []int{1599}},
		{},
	} {
		set(t, n, d)
		repeats(t, c, in, "still here")
	}
	a.expect(t, service, "dropped")
	set(t, n, document{Services: map[string][]string{service: {first + ":1599"}}})
	a.expect(t, service, "pod 10.245.0.4, called by 10.245.0.3")
	repeats(t, c, in, "still here")
}

// The node's own calls have ports, too.
func TestATableMayHaveAPortThatACallHas(t *testing.T) {
	n := needNode(t)
	a, b := attach(t, n, caller), attach(t, n, first)
	l := b.listen(t, 1599)
	accepted := make(chan net.Conn, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = fmt.Fprintln(c, "ready")
			accepted <- c
		}
	}()
	set(t, n, document{Ports: []int{1599}})
	connect(t, a, first+":1599")
	c := <-accepted
	defer c.Close()
	port := addressOf(c.RemoteAddr()).Port()
	set(t, n, document{Ports: []int{1599, int(port)}})
	if n.listeners[port] == nil {
		t.Errorf("port %d is not open", port)
	}
}

func TestATableWithAnErrorChangesNothing(t *testing.T) {
	n := needNode(t)
	a, b := attach(t, n, caller), attach(t, n, first)
	b.serve(t, 1599)
	set(t, n, document{Services: map[string][]string{service: {first + ":1599"}}})
	if err := n.Set([]byte(`{"services":{"172.20.3.4:1599":[]},"ports":[0]}`)); err == nil {
		t.Error("no error")
	}
	// A port that cannot be opened is an error as well.
	taken, err := net.Listen("tcp4", "127.0.0.1:4444")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := n.Set([]byte(`{"ports":[4443,4444,4445]}`)); !errors.Is(err, unix.EADDRINUSE) {
		t.Error(err)
	}
	a.expect(t, service, "pod 10.245.0.4, called by 10.245.0.3")
	a.expect(t, first+":4443", "refused")
}

func TestDetachAndAttachAgain(t *testing.T) {
	n := needNode(t)
	a, b := attach(t, n, caller), attach(t, n, first)
	b.serve(t, 1599)
	set(t, n, document{Services: map[string][]string{service: {first + ":1599"}}})
	_, in := connect(t, a, service)
	if err := n.Attach(newNamespace(t), first); err == nil {
		t.Error("two Pods have one address")
	}
	n.Detach(first)
	n.Detach(first)
	if _, err := in.ReadByte(); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("the caller of a Pod that has gone sees %v", err)
	}
	a.expect(t, service, "reset")
	again := attach(t, n, first)
	again.serve(t, 1599)
	a.expect(t, service, "pod 10.245.0.4, called by 10.245.0.3")
}

func TestAttachRefuses(t *testing.T) {
	n := needNode(t)
	for _, ip := range []string{"", "10.245.0", "fd00::1", "a"} {
		if err := n.Attach(newNamespace(t), ip); err == nil {
			t.Errorf("%q is attached", ip)
		}
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := n.Attach(int(file.Fd()), caller); err == nil {
		t.Error("a file is no namespace")
	}
	attach(t, n, caller) // nothing stayed of it
}

func TestHalfClose(t *testing.T) {
	n := needNode(t)
	a, b := attach(t, n, caller), attach(t, n, first)
	l := b.listen(t, 1599)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		all, _ := io.ReadAll(c) // until the caller's end
		_, _ = fmt.Fprintf(c, "ready\n%d bytes", len(all))
	}()
	set(t, n, document{Ports: []int{1599}})
	c, err := a.dial("tcp4", first+":1599", limit)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(make([]byte, 300_000)); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if all, err := io.ReadAll(c); err != nil || string(all) != "ready\n300000 bytes" {
		t.Errorf("%q %v", all, err)
	}
}

func TestAResetIsPassedOn(t *testing.T) {
	n := needNode(t)
	a, b := attach(t, n, caller), attach(t, n, first)
	l := b.listen(t, 1599)
	seen := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = fmt.Fprintln(c, "ready")
		_, err = io.Copy(io.Discard, c)
		seen <- err
	}()
	set(t, n, document{Ports: []int{1599}})
	c, _ := connect(t, a, first+":1599")
	reset(c)
	select {
	case err := <-seen:
		if !errors.Is(err, unix.ECONNRESET) {
			t.Errorf("the Pod sees %v", err)
		}
	case <-time.After(limit):
		t.Error("the Pod sees nothing")
	}
}

func TestManyConnections(t *testing.T) {
	n := needNode(t)
	a, b, c := attach(t, n, caller), attach(t, n, first), attach(t, n, second)
	b.serve(t, 1599)
	c.serve(t, 1599)
	set(t, n, document{Services: map[string][]string{service: {first + ":1599", second + ":1599"}}})
	seen := make(chan string, 50)
	var all sync.WaitGroup
	for i := range cap(seen) {
		all.Go(func() {
			connection, err := a.dial("tcp4", service, limit)
			if err != nil {
				t.Error(err)
				return
			}
			defer connection.Close()
			_ = connection.SetDeadline(time.Now().Add(4 * limit))
			in := bufio.NewReader(connection)
			who, err := in.ReadString('\n')
			if err != nil {
				t.Error(err)
				return
			}
			seen <- who
			sent := bytes.Repeat([]byte{byte(i)}, 200_000)
			go func() { _, _ = connection.Write(sent) }()
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(in, got); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("connection %d: %v", i, err)
			}
		})
	}
	all.Wait()
	close(seen)
	count := map[string]int{}
	for who := range seen {
		count[who]++
	}
	if len(count) != 2 {
		t.Errorf("not both Pods of the Service were chosen: %v", count)
	}
}

// Namespaces take these over from the machine: a receiver checks that it would answer by the same interface, forwards as
// Docker wants it, and answers questions for an interface's own addresses alone.
func TestSettingsOfMachines(t *testing.T) {
	n := needNode(t)
	settings := func(value string) error {
		var problems []error
		for _, name := range []string{"conf/all/rp_filter", "conf/all/arp_ignore", "ip_forward"} {
			problems = append(problems, os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0))
		}
		return errors.Join(problems...)
	}
	if err := settings("1"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := settings("0"); err != nil {
			t.Error(err)
		}
	}()
	a, b := attach(t, n, caller), attach(t, n, first)
	for _, pod := range []testPod{a, b} {
		if err := pod.do(func() error { return settings("1") }); err != nil {
			t.Fatal(err)
		}
		pod.serve(t, 1599)
	}
	set(t, n, document{
		DNS:      dnsAddress,
		Names:    map[string][]string{"a.ns.svc.cluster.local": {"172.20.3.4"}},
		Services: map[string][]string{service: {first + ":1599"}, "172.20.3.6:1599": {caller + ":1599"}},
		Host:     map[string]string{"169.254.170.23:80": "127.0.0.1:4711"},
	})
	a.expect(t, service, "pod 10.245.0.4, called by 10.245.0.3")
	a.expect(t, "172.20.3.6:1599", "pod 10.245.0.3, called by 169.254.1.1")
	a.expect(t, "169.254.170.23:80", "machine 127.0.0.1:4711, called by machine")
	a.expect(t, first+":9000", "refused")
	a.expect(t, "169.254.1.1:9000", "refused")
	if _, err := a.lookUp("udp4", dnsAddress+":53", "a.ns.svc.cluster.local"); err != nil {
		t.Error(err)
	}
}

func BenchmarkAttachAndDetach(b *testing.B) {
	n := needNode(b)
	namespace := newNamespace(b)
	for b.Loop() {
		if err := n.Attach(namespace, caller); err != nil {
			b.Fatal(err)
		}
		n.Detach(caller)
	}
}

// BenchmarkPodToPod measures what one connection between two Pods carries, both in this process.
func BenchmarkPodToPod(b *testing.B) {
	n := needNode(b)
	from, to := attach(b, n, caller), attach(b, n, first)
	l := to.listen(b, 1599)
	set(b, n, document{Ports: []int{1599}})
	received := make(chan int64)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		size, _ := io.Copy(io.Discard, c)
		received <- size
	}()
	c, err := from.dial("tcp4", first+":1599", limit)
	if err != nil {
		b.Fatal(err)
	}
	block := make([]byte, 1<<20)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		if _, err := c.Write(block); err != nil {
			b.Fatal(err)
		}
	}
	_ = c.Close()
	if got := <-received; got%int64(len(block)) != 0 {
		b.Errorf("%d bytes arrived", got)
	}
}
