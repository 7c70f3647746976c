package network

import (
	"net/netip"
	"slices"
)

const (
	tcp = "TCP"
	udp = "UDP"
)

// rule allows what it describes; what no rule of a list allows is denied.
type rule struct {
	everywhere bool           // no CIDR was written
	cidrs      []netip.Prefix // IPv4 only
	except     []netip.Prefix
	ports      []portRange // none: every port of every protocol
}

type portRange struct {
	protocol    string
	first, last uint16
}

// anyOutside stands for an address outside the cluster of which only the name is known.
var anyOutside = netip.Addr{}

// allowed tells whether a Pod's policies let it call, or be called by, the other side. A Pod without an entry is free.
// port is the receiving side's, in both directions.
func allowed(policies map[netip.Addr][]rule, pod, other netip.Addr, protocol string, port uint16) bool {
	rules, restricted := policies[pod]
	return !restricted || allows(rules, other, protocol, port)
}

func allows(rules []rule, other netip.Addr, protocol string, port uint16) bool {
	return slices.ContainsFunc(rules, func(r rule) bool { return r.meansPort(protocol, port) && r.meansAddress(other) })
}

func (r rule) meansPort(protocol string, port uint16) bool {
	for _, span := range r.ports {
		if span.protocol == protocol && span.first <= port && port <= span.last {
			return true
		}
	}
	return len(r.ports) == 0
}

func (r rule) meansAddress(address netip.Addr) bool {
	if address == anyOutside {
		return r.everywhere || slices.ContainsFunc(r.cidrs, func(p netip.Prefix) bool { return p.Bits() == 0 })
	}
	within := func(p netip.Prefix) bool { return p.Contains(address) }
	return (r.everywhere || slices.ContainsFunc(r.cidrs, within)) && !slices.ContainsFunc(r.except, within)
}
