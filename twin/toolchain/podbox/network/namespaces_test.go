package network

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	inside            = "PODBOX_NETWORK_TEST_INSIDE"
	withoutNamespaces = "PODBOX_WITHOUT_NAMESPACES"
)

// TestMain runs the tests in namespaces as podbox makes them: the caller's user is 65532 there and has all capabilities.
func TestMain(m *testing.M) {
	if os.Getenv(inside) != "" || os.Getenv(withoutNamespaces) == "1" || fuzzes() {
		os.Exit(m.Run())
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	command := exec.Command(self, os.Args[1:]...)
	command.Env = append(os.Environ(), inside+"=1")
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	var capabilities []uintptr
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		capabilities = append(capabilities, c)
	}
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 65532, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 65532, HostID: os.Getgid(), Size: 1}},
		AmbientCaps: capabilities,
		Pdeathsig:   unix.SIGKILL,
	}
	runtime.LockOSThread() // the death signal is a thread's
	err = command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "no namespaces here: %v; %s=1 leaves out the tests that need them\n", err, withoutNamespaces)
		os.Exit(1)
	}
}

// fuzzes tells whether go test fuzzes: its workers have descriptors of their own.
func fuzzes() bool {
	for _, argument := range os.Args[1:] {
		if strings.HasPrefix(argument, "-test.fuzz=") || strings.HasPrefix(argument, "-test.fuzzworker") {
			return true
		}
	}
	return false
}

// node is the one Network of this process, made by the first test that needs it.
var node = sync.OnceValues(func() (*Network, error) {
	const socket = "@podbox" // no file: it belongs to the network namespace
	machine, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	go serveAll(machine, "machine")
	return New(socket)
})

func needNode(t testing.TB) *Network {
	t.Helper()
	if os.Getenv(withoutNamespaces) == "1" {
		t.Skip(withoutNamespaces + " is set")
	}
	n, err := node()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func set(t testing.TB, n *Network, d document) {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Set(text); err != nil {
		t.Fatal(err)
	}
}

// testPod is a network namespace without a process.
type testPod struct {
	ip        string
	namespace int
}

func attach(t testing.TB, n *Network, ip string) testPod {
	t.Helper()
	p := testPod{ip: ip, namespace: newNamespace(t)}
	if err := n.Attach(p.namespace, ip); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Detach(ip) })
	return p
}

func newNamespace(t testing.TB) int {
	t.Helper()
	namespace := -1
	err := away(func() error { return unix.Unshare(unix.CLONE_NEWNET) }, func() (err error) {
		namespace, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(namespace) })
	return namespace
}

func (p testPod) do(what func() error) error {
	return away(func() error { return unix.Setns(p.namespace, unix.CLONE_NEWNET) }, what)
}

// away goes to another network namespace for something and comes back.
func away(leave, what func() error) error {
	runtime.LockOSThread()
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(home)
	if err := leave(); err != nil {
		return err
	}
	err = what()
	if back := unix.Setns(home, unix.CLONE_NEWNET); back != nil {
		return back // the thread stays locked and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}

// serve lets the Pod say to each caller who it is and whom it sees, then repeat what it hears.
func (p testPod) serve(t testing.TB, port int) {
	t.Helper()
	go serveAll(p.listen(t, port), "pod "+p.ip)
}

func (p testPod) listen(t testing.TB, port int) net.Listener {
	t.Helper()
	var l net.Listener
	if err := p.do(func() (err error) { l, err = net.Listen("tcp4", fmt.Sprintf(":%d", port)); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func serveAll(l net.Listener, who string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func(who string) {
			defer c.Close()
			in := bufio.NewReader(c)
			if who == "machine" {
				target, err := in.ReadString('\n')
				if err != nil {
					return
				}
				who = "machine " + strings.TrimSpace(target)
			}
			seen := "machine"
			if address, ok := c.RemoteAddr().(*net.TCPAddr); ok {
				seen = address.IP.String()
			}
			if _, err := fmt.Fprintf(c, "%s, called by %s\n", who, seen); err == nil {
				_, _ = io.Copy(c, in)
			}
		}(who)
	}
}

const (
	limit = 5 * time.Second        // of what must happen
	never = 700 * time.Millisecond // of what must not; a packet that was lost would be sent again after a second
)

func (p testPod) dial(network, to string, limit time.Duration) (net.Conn, error) {
	var c net.Conn
	err := p.do(func() (err error) {
		c, err = (&net.Dialer{Timeout: limit}).Dial(network, to)
		return err
	})
	return c, err
}

// call says what the other side says, or how the call fails.
func (p testPod) call(to string) string {
	c, err := p.dial("tcp4", to, never)
	switch {
	case isTimeout(err):
		return "dropped"
	case errors.Is(err, unix.ECONNREFUSED):
		return "refused"
	case errors.Is(err, unix.ECONNRESET): // after it was accepted, but before the caller looked
		return "reset"
	case err != nil:
		return err.Error()
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(limit))
	line, err := bufio.NewReader(c).ReadString('\n')
	switch {
	case errors.Is(err, unix.ECONNRESET):
		return "reset"
	case errors.Is(err, io.EOF):
		return "end"
	case err != nil:
		return err.Error()
	}
	return strings.TrimSpace(line)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func (p testPod) expect(t testing.TB, to, want string) {
	t.Helper()
	if got := p.call(to); got != want {
		t.Errorf("%s to %s: %q, not %q", p.ip, to, got, want)
	}
}

// expectAll calls at the same time: what is dropped takes its time.
func (p testPod) expectAll(t testing.TB, want map[string]string) {
	t.Helper()
	var calls sync.WaitGroup
	for to, answer := range want {
		calls.Go(func() { p.expect(t, to, answer) })
	}
	calls.Wait()
}

// lookUp asks the name server at that address, by "udp4" or "tcp4".
func (p testPod) lookUp(network, server, name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), never)
	defer cancel()
	resolver := net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return p.dial(network, server, never)
	}}
	return resolver.LookupNetIP(ctx, "ip4", name+".")
}
