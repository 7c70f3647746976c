package network

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const (
	// A Pod that is attached answers at once or never.
	dialLimit = 3 * time.Second
	// Between two attempts of the kernel's, when one failed for want of memory or descriptors.
	pause = 50 * time.Millisecond
)

// listener takes one port of every address there is.
type listener struct {
	*net.TCPListener
	program    []bpf.RawInstruction // its filter; nil for none
	unfiltered bool                 // the kernel did not take the last one
}

// openListeners opens the ports that are not open yet, all or none.
func (n *Network) openListeners(ports map[uint16]bool) (map[uint16]*listener, error) {
	opened := map[uint16]*listener{}
	config := net.ListenConfig{Control: transparent}
	config.SetMultipathTCP(false)
	for port := range ports {
		if n.listeners[port] != nil {
			continue
		}
		l, err := config.Listen(context.Background(), "tcp4", fmt.Sprintf("0.0.0.0:%d", port))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open port %d for Pods: %w", port, err), closeAll(opened))
		}
		opened[port] = &listener{TCPListener: l.(*net.TCPListener)}
	}
	return opened, nil
}

func closeAll(listeners map[uint16]*listener) error {
	var problems []error
	for _, l := range listeners {
		problems = append(problems, l.Close())
	}
	return errors.Join(problems...)
}

// transparent lets a socket have an address that is not this machine's. Its port can be shared: a port that carries a call
// can be opened by a later table. A call's port is chosen with its destination, so there are as many as for a Pod.
func transparent(_, _ string, connection syscall.RawConn) error {
	var problem error
	err := connection.Control(func(fd uintptr) {
		problem = errors.Join(
			unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_TRANSPARENT, 1),
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
		)
	})
	return errors.Join(err, problem)
}

func transparentCall(network, address string, connection syscall.RawConn) error {
	var problem error
	err := connection.Control(func(fd uintptr) {
		problem = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	})
	return errors.Join(transparent(network, address, connection), err, problem)
}

func (n *Network) serve(l *listener) {
	for {
		client, err := l.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			warn("accept", err)
			time.Sleep(pause)
			continue
		}
		go n.forward(client)
	}
}

// forward is kube-proxy, NetworkPolicy and the way out: the address that was called says where it leads.
func (n *Network) forward(client *net.TCPConn) {
	server, between, err := n.open(n.table.Load(), client)
	if err != nil {
		slog.Info("network: refused", "from", client.RemoteAddr(), "to", client.LocalAddr(), "reason", err)
		reset(client)
		return
	}
	if server == nil {
		return
	}
	c := &call{client: client, server: server}
	if !n.begin(c, between) {
		c.reset()
		return
	}
	c.run()
	n.end(c, between)
}

// open finds the other side of a connection and the Pods that it is between. No server and no error: it was answered here.
func (n *Network) open(t *table, client *net.TCPConn) (duplex, []netip.Addr, error) {
	from, to := addressOf(client.RemoteAddr()).Addr(), addressOf(client.LocalAddr())
	if to == netip.AddrPortFrom(t.dns, dnsPort) {
		if !allowed(t.egress, from, to.Addr(), tcp, dnsPort) {
			return nil, nil, errors.New("no egress to the name server")
		}
		n.serveNamesTCP(client)
		return nil, nil, nil
	}
	backend, err := t.choose(to)
	if err != nil {
		return nil, nil, err
	}
	if !t.permits(from, backend) {
		return nil, nil, fmt.Errorf("a NetworkPolicy denies %s", backend)
	}
	if target, ok := t.outside[backend]; ok {
		server, err := n.dialHost(target)
		return server, []netip.Addr{from}, err
	}
	if !n.attached(backend.Addr()) {
		return nil, nil, fmt.Errorf("nobody has %s", backend)
	}
	server, err := dialPod(from, backend)
	return server, []netip.Addr{from, backend.Addr()}, err
}

// choose is kube-proxy: it takes a ready Pod of a Service at random, whatever the policies say of it.
func (t *table) choose(to netip.AddrPort) (netip.AddrPort, error) {
	backends, ok := t.services[to]
	switch {
	case !ok:
		return to, nil
	case len(backends) == 0:
		return netip.AddrPort{}, errors.New("the Service has no ready Pod")
	default:
		return backends[rand.IntN(len(backends))], nil
	}
}

// permits asks the policies of both sides. Nobody can be kept from himself.
func (t *table) permits(from netip.Addr, backend netip.AddrPort) bool {
	other := backend.Addr()
	if madeFor.Contains(other) {
		other = anyOutside
	}
	return from == other ||
		allowed(t.egress, from, other, tcp, backend.Port()) && allowed(t.ingress, backend.Addr(), from, tcp, backend.Port())
}

// dialPod calls from the caller's own address; but a Pod takes nothing from outside that claims to be itself.
func dialPod(from netip.Addr, to netip.AddrPort) (duplex, error) {
	dialer := net.Dialer{Timeout: dialLimit, Control: transparentCall}
	dialer.SetMultipathTCP(false)
	if from == to.Addr() {
		from = gateway
	}
	dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	server, err := dialer.Dial("tcp4", to.String())
	if err != nil {
		return nil, err
	}
	return server.(*net.TCPConn), nil
}

func (n *Network) attached(address netip.Addr) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pods[address] != nil
}

// begin makes a call known to the Pods that it is between, unless one of them has gone meanwhile.
func (n *Network) begin(c *call, between []netip.Addr) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, address := range between {
		if n.pods[address] == nil {
			return false
		}
	}
	for _, address := range between {
		n.pods[address].calls[c] = true
	}
	return true
}

func (n *Network) end(c *call, between []netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, address := range between {
		if pod := n.pods[address]; pod != nil {
			delete(pod.calls, c)
		}
	}
}

// duplex is a connection of which one direction can end before the other.
type duplex interface {
	net.Conn
	CloseWrite() error
}

// call is a connection of a Pod and the one that it leads to.
type call struct {
	client *net.TCPConn
	server duplex
}

// run copies both ways until both ended. An end is passed on as an end, a reset as a reset.
func (c *call) run() {
	done := make(chan struct{})
	go func() {
		c.pass(c.server, c.client)
		close(done)
	}()
	c.pass(c.client, c.server)
	<-done
	_, _ = c.client.Close(), c.server.Close() // each side has seen its end
}

func (c *call) pass(to, from duplex) {
	if _, err := io.Copy(to, from); err != nil {
		c.reset()
		return
	}
	_ = to.CloseWrite() // fails when that side has gone, which its own direction notices
}

func (c *call) reset() {
	reset(c.client)
	if server, ok := c.server.(*net.TCPConn); ok {
		reset(server)
		return
	}
	_ = c.server.Close()
}

// reset ends a connection at once, also while others read or write it; the other side sees a reset and no end.
func reset(connection *net.TCPConn) {
	_, _ = connection.SetLinger(0), connection.Close() // may be closed already
}

func addressOf(address net.Addr) netip.AddrPort {
	both := address.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(both.Addr().Unmap(), both.Port())
}
