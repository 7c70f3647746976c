package network

import (
	"bytes"
	"net/netip"
	"testing"
)

func FuzzReadFirst(f *testing.F) {
	a, b := netip.MustParseAddrPort("10.245.0.3:40000"), netip.MustParseAddrPort("172.20.3.4:1599")
	f.Add(refusal(a, b, 1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, packet []byte) {
		from, to, number, ok := readFirst(packet)
		if ok && (!from.IsValid() || !to.IsValid() || number != 0 && bytes.Count(packet, []byte{0}) == len(packet)) {
			t.Errorf("%v %v %d of %x", from, to, number, packet)
		}
	})
}

// From RFC 1071: the words of a packet and its checksum give all ones.
func TestRefusal(t *testing.T) {
	from, to := netip.MustParseAddrPort("10.245.0.3:40000"), netip.MustParseAddrPort("172.20.3.4:1599")
	packet := refusal(from, to, 0xffff_ffff)
	sum := uint32(6 + tcpHeader)
	for i := 12; i < len(packet); i += 2 {
		sum += uint32(packet[i])<<8 | uint32(packet[i+1])
	}
	if sum = sum>>16 + sum&0xffff; sum != 0xffff {
		t.Errorf("the checksum is off: %x", sum)
	}
	if backTo, back, number, ok := readFirst(packet); !ok || backTo != to || back != from || number != 0 {
		t.Errorf("%v %v %d %v", backTo, back, number, ok)
	}
}
