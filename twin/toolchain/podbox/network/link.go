package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

const (
	routes   = 100    // the routing table of what comes from Pods
	priority = 100    // of the rule that leads there: after the table of local addresses, before the main one
	mtu      = 65_000 // no cable: large packets are less work
	upLimit  = 5 * time.Second
)

// gateway is the next hop of Pods and the node's own address.
var gateway = netip.AddrFrom4([4]byte{169, 254, 1, 1})

// openNode makes every address local to what comes from a Pod, and to nothing else. A handle belongs to the namespace in
// which it was opened, whichever thread uses it later.
func openNode() (*netlink.Handle, error) {
	kernel, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	if err := prepareNode(kernel); err != nil {
		kernel.Close()
		return nil, err
	}
	return kernel, nil
}

func prepareNode(kernel *netlink.Handle) error {
	lo, err := kernel.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find lo: %w", err)
	}
	if err := kernel.LinkSetUp(lo); err != nil {
		return fmt.Errorf("set lo up: %w", err)
	}
	if err := kernel.AddrReplace(lo, &netlink.Addr{IPNet: whole(gateway)}); err != nil {
		return fmt.Errorf("give lo %s: %w", gateway, err)
	}
	local := &netlink.Route{LinkIndex: lo.Attrs().Index, Table: routes, Type: unix.RTN_LOCAL, Scope: netlink.SCOPE_HOST, Dst: everything()}
	if err := kernel.RouteReplace(local); err != nil {
		return fmt.Errorf("make every address local: %w", err)
	}
	// What this process sends has lo as its incoming interface.
	rule := netlink.NewRule()
	rule.Family, rule.Priority, rule.IifName, rule.Invert, rule.Table = unix.AF_INET, priority, "lo", true, routes
	if err := kernel.RuleAdd(rule); err != nil {
		return fmt.Errorf("add the rule for what comes from Pods: %w", err)
	}
	return nil
}

// pod is one that is attached.
type pod struct {
	link  netlink.Link
	calls map[*call]bool // open ones, from it and to it
}

// Attach gives the network namespace behind the descriptor a loopback interface that is up, an eth0 with this IPv4 address
// and a default route to the node. Two Pods cannot have one address. The descriptor stays the caller's.
func (n *Network) Attach(namespace int, ip string) error {
	address, err := netip.ParseAddr(ip)
	if err != nil || !address.Is4() {
		return notAnAddress("ip", ip)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pods[address] != nil {
		return fmt.Errorf("a Pod with address %s is attached; detach it first", ip)
	}
	n.links++
	name := fmt.Sprintf("pod%d", n.links)
	veth := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: name, MTU: mtu},
		PeerName:  "eth0", PeerMTU: mtu, PeerNamespace: netlink.NsFd(namespace),
	}
	if err := n.kernel.LinkAdd(veth); err != nil {
		return fmt.Errorf("make the interfaces of %s: %w", ip, err)
	}
	link, err := n.kernel.LinkByName(name)
	if err == nil {
		err = n.connect(link, namespace, address)
	}
	if err != nil {
		warn("remove "+name, n.kernel.LinkDel(veth))
		return fmt.Errorf("attach %s: %w", ip, err)
	}
	n.pods[address] = &pod{link: link, calls: map[*call]bool{}}
	return nil
}

func (n *Network) connect(link netlink.Link, namespace int, address netip.Addr) error {
	inside, err := netlink.NewHandleAt(netns.NsHandle(namespace), unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("enter its namespace: %w", err)
	}
	defer inside.Close()
	lo, err := inside.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find its lo: %w", err)
	}
	if err := inside.LinkSetUp(lo); err != nil {
		return fmt.Errorf("set its lo up: %w", err)
	}
	eth0, err := inside.LinkByName("eth0")
	if err != nil {
		return fmt.Errorf("find its eth0: %w", err)
	}
	if err := inside.AddrReplace(eth0, &netlink.Addr{IPNet: whole(address)}); err != nil {
		return fmt.Errorf("give its eth0 the address: %w", err)
	}
	if err := errors.Join(inside.LinkSetUp(eth0), n.kernel.LinkSetUp(link)); err != nil {
		return fmt.Errorf("set its interfaces up: %w", err)
	}
	toNode := &netlink.Route{LinkIndex: eth0.Attrs().Index, Gw: gateway.AsSlice(), Flags: int(netlink.FLAG_ONLINK), Dst: everything()}
	toPod := &netlink.Route{LinkIndex: link.Attrs().Index, Scope: netlink.SCOPE_LINK, Dst: whole(address), Src: gateway.AsSlice()}
	if err := errors.Join(inside.RouteReplace(toNode), n.kernel.RouteReplace(toPod)); err != nil {
		return fmt.Errorf("add its routes: %w", err)
	}
	if err := errors.Join(
		inside.NeighSet(neighbour(eth0, gateway, link)),
		n.kernel.NeighSet(neighbour(link, address, eth0)),
	); err != nil {
		return fmt.Errorf("make it and the node neighbours: %w", err)
	}
	return waitUntilUp(inside)
}

// waitUntilUp waits for the end that was set up first, a few milliseconds. The kernel makes it work in the background once
// it sees the other end, and drops what it is given before: the Pod's first call would take a second.
func waitUntilUp(inside *netlink.Handle) error {
	for end := time.Now().Add(upLimit); ; time.Sleep(time.Millisecond) {
		eth0, err := inside.LinkByName("eth0")
		if err != nil {
			return fmt.Errorf("find its eth0: %w", err)
		}
		if eth0.Attrs().OperState == netlink.OperUp {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("its eth0 is not up after %s", upLimit)
		}
	}
}

// Detach removes both interfaces of the Pod with this address and resets its open connections. Nothing happens when there
// is none.
func (n *Network) Detach(ip string) {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return
	}
	n.mu.Lock()
	gone := n.pods[address]
	delete(n.pods, address)
	n.mu.Unlock()
	if gone == nil {
		return
	}
	for c := range gone.calls {
		c.reset()
	}
	warn("remove the interfaces of "+ip, n.kernel.LinkDel(gone.link))
}

// neighbour tells a link who has an address, as the VPC CNI does: whether a machine answers questions for an address of
// another interface (arp_ignore) is the machine's setting.
func neighbour(link netlink.Link, address netip.Addr, peer netlink.Link) *netlink.Neigh {
	return &netlink.Neigh{
		LinkIndex: link.Attrs().Index, Family: unix.AF_INET, State: netlink.NUD_PERMANENT,
		IP: address.AsSlice(), HardwareAddr: peer.Attrs().HardwareAddr,
	}
}

func whole(address netip.Addr) *net.IPNet {
	return &net.IPNet{IP: address.AsSlice(), Mask: net.CIDRMask(32, 32)}
}

func everything() *net.IPNet {
	return &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}
}
