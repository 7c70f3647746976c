package network

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// On EKS a Service without a ready Pod refuses (kube-proxy's reject rule), and so does a Pod at a port where it does not
// listen. A listener for all addresses cannot refuse for one of them. So its filter drops the first packet, or there is no
// listener, and a raw socket, which sees the packet too, answers with a reset.

const (
	ipHeader   = 20 // bytes without options
	tcpHeader  = 20
	protocolAt = 9 // in the IP header
	rst        = 0x04
)

// openRefuser opens a socket that sees each first packet of a connection that comes to the node.
func openRefuser() (*net.IPConn, error) {
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadMemShift{Off: 0}, // the IP header's length
		bpf.LoadIndirect{Off: flagsAt, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: syn | ack},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: syn, SkipFalse: 1},
		bpf.RetConstant{Val: pass},
		bpf.RetConstant{Val: drop},
	})
	if err != nil {
		return nil, err
	}
	config := net.ListenConfig{Control: func(_, _ string, connection syscall.RawConn) error {
		var problem error
		err := connection.Control(func(fd uintptr) {
			problem = errors.Join(attachFilter(int(fd), program), unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_HDRINCL, 1))
		})
		return errors.Join(err, problem)
	}}
	connection, err := config.ListenPacket(context.Background(), "ip4:tcp", "0.0.0.0")
	if err != nil {
		return nil, fmt.Errorf("open a raw socket: %w", err)
	}
	return connection.(*net.IPConn), nil
}

// serveRefusals runs as long as the process.
func (n *Network) serveRefusals(connection *net.IPConn) {
	packet := make([]byte, 2048)
	for {
		size, _, _, _, err := connection.ReadMsgIP(packet, nil)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			warn("read a packet", err)
			time.Sleep(pause)
			continue
		}
		from, to, number, ok := readFirst(packet[:size])
		if !ok || !n.refuses(from.Addr(), to) {
			continue
		}
		_, err = connection.WriteToIP(refusal(from, to, number), &net.IPAddr{IP: from.Addr().AsSlice()})
		warn("refuse a connection", err)
	}
}

// refuses tells whether nobody is behind an address and port that the caller may know of.
func (n *Network) refuses(from netip.Addr, to netip.AddrPort) bool {
	t := n.table.Load()
	if backends, ok := t.services[to]; ok {
		return len(backends) == 0
	}
	return !t.listen[to.Port()] && n.attached(to.Addr()) && t.permits(from, to)
}

// readFirst reads both ends and the sequence number of a packet that begins a connection.
func readFirst(packet []byte) (from, to netip.AddrPort, number uint32, ok bool) {
	if len(packet) < ipHeader || packet[0]>>4 != 4 {
		return from, to, 0, false
	}
	length := int(packet[0]&0x0f) * 4
	if packet[protocolAt] != unix.IPPROTO_TCP || length < ipHeader || len(packet) < length+tcpHeader {
		return from, to, 0, false
	}
	segment := packet[length:]
	source, destination := netip.AddrFrom4([4]byte(packet[12:16])), netip.AddrFrom4([4]byte(packet[16:20]))
	return netip.AddrPortFrom(source, binary.BigEndian.Uint16(segment)),
		netip.AddrPortFrom(destination, binary.BigEndian.Uint16(segment[2:])),
		binary.BigEndian.Uint32(segment[4:]), true
}

// refusal is the packet with which a kernel refuses a connection from one end to another (RFC 9293, 3.5.2). The kernel adds
// the IP header's checksum, length and number.
func refusal(from, to netip.AddrPort, number uint32) []byte {
	packet := make([]byte, ipHeader, ipHeader+tcpHeader)
	packet[0], packet[8], packet[protocolAt] = 0x45, 64, unix.IPPROTO_TCP // version and length, hops
	copy(packet[12:], to.Addr().AsSlice())
	copy(packet[16:], from.Addr().AsSlice())
	packet = binary.BigEndian.AppendUint16(packet, to.Port())
	packet = binary.BigEndian.AppendUint16(packet, from.Port())
	packet = binary.BigEndian.AppendUint32(packet, 0)
	packet = binary.BigEndian.AppendUint32(packet, number+1)
	packet = append(packet, tcpHeader/4<<4, rst|ack, 0, 0, 0, 0, 0, 0)

	// The checksum is of the addresses, the protocol, the length and the segment, in words of 16 bits.
	sum := uint32(unix.IPPROTO_TCP + tcpHeader)
	for i := 12; i < len(packet); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(packet[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(packet[ipHeader+16:], ^uint16(sum))
	return packet
}
