// Package network is the network of one node's Pods, played without root, nftables and forwarding.
//
// A Pod is a network namespace with an eth0 of one address. Whatever it calls ends in the node's own namespace, where a
// listener for each port in use looks up the address that was called and goes on from there: to a Pod, with the caller's
// own address, or to a port of the machine. Names are answered by a name server of the same process.
//
// It differs from EKS (VPC CNI with its network policies, kube-proxy with iptables) in this:
//   - Only TCP between Pods, and UDP to the name server. Other UDP, ICMP and IPv6 go nowhere.
//   - Pods are reached at the table's ports alone; at all others they refuse.
//   - The node accepts before the receiver does: one that refuses at a port of the table is seen as a reset after the
//     connection. At a port of the machine where nobody listens it is an end.
//   - A connection that a NetworkPolicy denies is dropped, as on EKS. It is reset after it was accepted when a Service has
//     ready Pods that may be called and others that may not, or when a port's rules are too long for the kernel (filter.go).
//   - A change of the policies leaves open connections alone.
//   - A Pod that calls itself by its Service is called from 169.254.1.1.
package network

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/vishvananda/netlink"
)

// Network is the node's side of all Pods. Its methods may be called at the same time.
type Network struct {
	hostSocket string
	kernel     *netlink.Handle
	table      atomic.Pointer[table]

	mu        sync.Mutex // of all below
	written   []byte     // the table as it was given
	made      madeAddresses
	listeners map[uint16]*listener
	names     net.PacketConn
	pods      map[netip.Addr]*pod
	links     int // ever made: an interface's name is never used again
}

// New prepares the network namespace of the calling thread, which must be a fresh one with all capabilities: its loopback
// interface and the routes that bring what Pods call to this process. All threads of the process that are not locked must
// stay in it. hostSocket is the unix socket of the process in the machine's network: a client writes "127.0.0.1:<port>"
// and a line feed, then it has that connection. Nothing is reachable before the first Set.
func New(hostSocket string) (*Network, error) {
	kernel, err := openNode()
	if err != nil {
		return nil, err
	}
	refuser, err := openRefuser()
	if err != nil {
		kernel.Close()
		return nil, err
	}
	n := &Network{
		hostSocket: hostSocket, kernel: kernel,
		made: madeAddresses{}, listeners: map[uint16]*listener{}, pods: map[netip.Addr]*pod{},
	}
	n.table.Store(&table{})
	go n.serveRefusals(refuser)
	return n, nil
}

// Set replaces what Pods may reach by a table in JSON (see document in table.go). A table with an error changes nothing.
// Connections that are open stay open, those that begin after Set has returned follow the new table.
func (n *Network) Set(text []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.written != nil && bytes.Equal(text, n.written) {
		return nil
	}
	next, err := parseTable(text)
	if err != nil {
		return err
	}
	made := maps.Clone(n.made)
	if err := next.resolveOutside(made); err != nil {
		return err
	}
	opened, err := n.openListeners(next.listen)
	if err != nil {
		return err
	}
	names, err := n.openNames(next.dns)
	if err != nil {
		return errors.Join(err, closeAll(opened))
	}

	// From here on nothing fails.
	old := n.table.Swap(next)
	n.made, n.written = made, bytes.Clone(text)
	for port, l := range opened {
		n.listeners[port] = l
	}
	if old.dns != next.dns {
		if n.names != nil {
			warn("close the name server", n.names.Close())
		}
		n.names = names
		if names != nil {
			go n.serveNames(names)
		}
	}
	egress, ingress := groupsOf(next.egress), groupsOf(next.ingress)
	for port, l := range n.listeners {
		if !next.listen[port] {
			warn("close a port", l.Close())
			delete(n.listeners, port)
			continue
		}
		l.filter(next.filterOf(port, egress, ingress))
	}
	for _, l := range opened {
		go n.serve(l)
	}
	return nil
}

// warn is for errors that nobody can act upon.
func warn(what string, err error) {
	if err != nil {
		slog.Warn("network: "+what, "error", err)
	}
}

func notAnAddress(where, text string) error {
	return fmt.Errorf("%s: found %q; must be an IPv4 address such as 10.245.0.3", where, text)
}
