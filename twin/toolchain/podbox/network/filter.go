package network

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// A listener's filter lets the kernel drop the first packet of a connection that policies deny, so that it is never
// accepted. The kernel runs it for any user (SO_ATTACH_FILTER, classic BPF). It drops only what proxy.go would deny whichever
// Pod of a Service it chose, and lets pass what is not a first packet: open connections stay.

// longest is the kernel's limit (BPF_MAXINSNS). A port that needs more has no filter: proxy.go denies alone. 180 Pods of 60
// Services that are all restricted in both directions and have the same port come close.
const longest = 4096

// Offsets in the TCP header, where the kernel starts, and in the IP header in front of it (SKF_NET_OFF).
const (
	flagsAt       = 13
	sourceAt      = 0xfff0_0000 + 12
	destinationAt = 0xfff0_0000 + 16
)

const (
	syn  = 0x02
	ack  = 0x10
	pass = 0xffff_ffff // as many bytes as there are
	drop = 0
)

// filter gives the port what the table says of it, or none when the kernel takes no such program.
func (l *listener) filter(program []bpf.RawInstruction) {
	if slices.Equal(program, l.program) {
		return
	}
	connection, err := l.SyscallConn()
	if err != nil {
		return // it was closed
	}
	var attached, detached error
	err = connection.Control(func(fd uintptr) {
		if len(program) > 0 {
			attached = attachFilter(int(fd), program)
		}
		// The old one could drop what is allowed now.
		if (len(program) == 0 || attached != nil) && l.program != nil {
			detached = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
		}
	})
	warn("remove a filter", errors.Join(err, detached))
	if attached != nil && !l.unfiltered { // once, not with each table
		slog.Warn("network: policies deny by a reset", "port", l.Addr(), "reason", attached)
	}
	l.unfiltered, l.program = attached != nil, program
	if attached != nil {
		l.program = nil
	}
}

func attachFilter(socket int, program []bpf.RawInstruction) error {
	if len(program) > longest {
		return fmt.Errorf("%d instructions are more than %d", len(program), longest)
	}
	filters := make([]unix.SockFilter, len(program))
	for i, instruction := range program {
		filters[i] = unix.SockFilter{Code: instruction.Op, Jt: instruction.Jt, Jf: instruction.Jf, K: instruction.K}
	}
	all := unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]}
	return unix.SetsockoptSockFprog(socket, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &all)
}

// filterOf is the program for one port; none when nothing is restricted.
func (t *table) filterOf(port uint16, egress, ingress []group) []bpf.RawInstruction {
	c := &code{at: map[int]int{}}
	c.load(flagsAt, 1)
	c.add(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: syn | ack}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: syn, SkipTrue: 1}, bpf.RetConstant{Val: pass})
	start := len(c.instructions)
	t.filterRefused(c, port)
	t.filterEgress(c, port, egress)
	t.filterIngress(c, port, ingress)
	if len(c.instructions) == start {
		return nil
	}
	c.add(bpf.RetConstant{Val: pass})
	return c.assemble()
}

// filterRefused drops what refuse.go answers.
func (t *table) filterRefused(c *code, port uint16) {
	refused, next := c.label(), c.label()
	start := len(c.instructions)
	for _, service := range t.servicesOf(port) {
		if len(t.services[service]) == 0 {
			if len(c.instructions) == start {
				c.load(destinationAt, 4)
			}
			c.match(netip.PrefixFrom(service.Addr(), 32), refused)
		}
	}
	if len(c.instructions) > start {
		c.jump(next)
		c.mark(refused)
		c.add(bpf.RetConstant{Val: drop})
	}
	c.mark(next)
}

// filterEgress drops what a Pod may not call, and goes on after its last instruction with the rest.
func (t *table) filterEgress(c *code, port uint16, groups []group) {
	end := c.label()
	for _, g := range groups {
		mine, next := c.label(), c.label()
		c.load(sourceAt, 4)
		for _, pod := range g.pods {
			c.match(netip.PrefixFrom(pod, 32), mine)
		}
		c.jump(next)
		c.mark(mine)
		c.load(destinationAt, 4)
		// A Service is judged by its Pods. It needs lines of its own when its address alone would be judged otherwise.
		denied, ownServices := c.label(), map[int][]netip.Addr{}
		for _, service := range t.servicesOf(port) {
			if len(t.services[service]) == 0 {
				continue
			}
			can, own := t.mayCall(g, service)
			seems := allows(g.rules, service.Addr(), tcp, port)
			switch {
			case can && !seems:
				c.match(netip.PrefixFrom(service.Addr(), 32), end)
			case !can && len(own) > 0:
				label := c.label()
				ownServices[label] = own
				c.match(netip.PrefixFrom(service.Addr(), 32), label)
			case !can && seems:
				c.match(netip.PrefixFrom(service.Addr(), 32), denied)
			}
		}
		if allows(g.rules, anyOutside, tcp, port) {
			c.match(madeFor, end)
		}
		c.rules(g.rules, port, end)
		c.mark(denied)
		c.add(bpf.RetConstant{Val: drop})
		for _, label := range slices.Sorted(maps.Keys(ownServices)) {
			c.mark(label)
			c.load(sourceAt, 4)
			for _, pod := range ownServices[label] {
				c.match(netip.PrefixFrom(pod, 32), end)
			}
			c.add(bpf.RetConstant{Val: drop})
		}
		c.mark(next)
	}
	c.mark(end)
}

// mayCall tells whether the rules let a Pod of the group reach any of a Service's, and which ones have themselves behind it:
// nobody can be kept from himself.
func (t *table) mayCall(g group, service netip.AddrPort) (can bool, own []netip.Addr) {
	for _, backend := range t.services[service] {
		can = can || allows(g.rules, backend.Addr(), tcp, backend.Port())
		if slices.Contains(g.pods, backend.Addr()) {
			own = append(own, backend.Addr())
		}
	}
	return can, own
}

// filterIngress drops those who may not call a Pod, and goes on after its last instruction with the rest.
func (t *table) filterIngress(c *code, port uint16, groups []group) {
	end := c.label()
	for _, g := range groups {
		mine, next := c.label(), c.label()
		c.load(destinationAt, 4)
		for _, pod := range g.pods {
			c.match(netip.PrefixFrom(pod, 32), mine)
		}
		c.jump(next)
		c.mark(mine)
		c.load(sourceAt, 4)
		c.rules(g.rules, port, end)
		c.add(bpf.RetConstant{Val: drop})
		c.mark(next)
	}
	for _, service := range t.servicesOf(port) {
		backends := t.services[service]
		free := func(backend netip.AddrPort) bool { return t.ingress[backend.Addr()] == nil }
		if len(backends) == 0 || slices.ContainsFunc(backends, free) {
			continue
		}
		mine, next := c.label(), c.label()
		c.load(destinationAt, 4)
		c.match(netip.PrefixFrom(service.Addr(), 32), mine)
		c.jump(next)
		c.mark(mine)
		c.load(sourceAt, 4)
		for _, backend := range backends {
			c.match(netip.PrefixFrom(backend.Addr(), 32), end) // a Pod may call itself
		}
		for _, g := range groups {
			ports := map[uint16]bool{}
			for _, backend := range backends {
				if slices.Contains(g.pods, backend.Addr()) && !ports[backend.Port()] {
					ports[backend.Port()] = true
					c.rules(g.rules, backend.Port(), end)
				}
			}
		}
		c.add(bpf.RetConstant{Val: drop})
		c.mark(next)
	}
	c.mark(end)
}

// servicesOf is in order: a program is compared with the one before.
func (t *table) servicesOf(port uint16) []netip.AddrPort {
	var services []netip.AddrPort
	for service := range t.services {
		if service.Port() == port {
			services = append(services, service)
		}
	}
	slices.SortFunc(services, netip.AddrPort.Compare)
	return services
}

// group is Pods with the same rules, as the Pods of one Deployment have them.
type group struct {
	rules []rule
	pods  []netip.Addr
}

// groupsOf is in order, as servicesOf.
func groupsOf(policies map[netip.Addr][]rule) []group {
	var groups []group
	index := map[string]int{}
	for _, pod := range slices.SortedFunc(maps.Keys(policies), netip.Addr.Compare) {
		key := fmt.Sprint(policies[pod])
		i, ok := index[key]
		if !ok {
			i = len(groups)
			index[key] = i
			groups = append(groups, group{rules: policies[pod]})
		}
		groups[i].pods = append(groups[i].pods, pod)
	}
	return groups
}

// code is a program under way. Its jumps go forward to labels.
type code struct {
	instructions []bpf.Instruction
	jumps        []struct{ from, to int } // instruction, label
	at           map[int]int              // label to instruction
	labels       int
}

func (c *code) add(instructions ...bpf.Instruction) {
	c.instructions = append(c.instructions, instructions...)
}

func (c *code) load(offset uint32, size int) { c.add(bpf.LoadAbsolute{Off: offset, Size: size}) }

func (c *code) label() int { c.labels++; return c.labels }

func (c *code) mark(label int) { c.at[label] = len(c.instructions) }

func (c *code) jump(label int) {
	c.jumps = append(c.jumps, struct{ from, to int }{len(c.instructions), label})
	c.add(bpf.Jump{})
}

// match jumps when the address that was loaded is in the prefix.
func (c *code) match(prefix netip.Prefix, label int) {
	lowest, highest := bounds(prefix)
	switch {
	case lowest == highest:
		c.add(bpf.JumpIf{Cond: bpf.JumpEqual, Val: lowest, SkipFalse: 1})
	case prefix.Bits() > 0:
		c.add(bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: lowest, SkipFalse: 2})
		c.add(bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: highest, SkipTrue: 1})
	}
	c.jump(label)
}

// rules jumps when one of them allows the address that was loaded at this port.
func (c *code) rules(rules []rule, port uint16, label int) {
	for _, r := range rules {
		if !r.meansPort(tcp, port) {
			continue
		}
		next := c.label()
		for _, prefix := range r.except {
			c.match(prefix, next)
		}
		if r.everywhere {
			c.jump(label)
		}
		for _, prefix := range r.cidrs {
			c.match(prefix, label)
		}
		c.mark(next)
	}
}

func (c *code) assemble() []bpf.RawInstruction {
	for _, jump := range c.jumps {
		c.instructions[jump.from] = bpf.Jump{Skip: uint32(c.at[jump.to] - jump.from - 1)}
	}
	program, err := bpf.Assemble(c.instructions)
	if err != nil {
		panic(err) // an instruction that does not exist
	}
	return program
}

// bounds are the first and the last address of a prefix as numbers.
func bounds(prefix netip.Prefix) (lowest, highest uint32) {
	for _, b := range prefix.Addr().As4() {
		lowest = lowest<<8 | uint32(b)
	}
	return lowest, lowest | uint32(uint64(1)<<(32-prefix.Bits())-1)
}
