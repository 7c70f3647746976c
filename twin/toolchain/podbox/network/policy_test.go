package network

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"golang.org/x/net/bpf"
)

func TestAllows(t *testing.T) {
	inside, part := netip.MustParseAddr("10.2.0.1"), netip.MustParseAddr("10.1.0.1")
	ten := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	all := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	except := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	web := []portRange{{tcp, 80, 82}}
	for _, test := range []struct {
		name     string
		rules    []rule
		other    netip.Addr
		protocol string
		port     uint16
		want     bool
	}{
		{"no rule", nil, inside, tcp, 80, false},
		{"an empty rule", []rule{{everywhere: true}}, inside, udp, 53, true},
		{"an empty rule, outside", []rule{{everywhere: true}}, anyOutside, tcp, 80, true},
		{"in the CIDR", []rule{{cidrs: ten}}, inside, tcp, 80, true},
		{"not in the CIDR", []rule{{cidrs: ten}}, netip.MustParseAddr("11.0.0.1"), tcp, 80, false},
		{"excepted", []rule{{cidrs: ten, except: except}}, part, tcp, 80, false},
		{"not excepted", []rule{{cidrs: ten, except: except}}, inside, tcp, 80, true},
		{"excepted by one rule, allowed by another", []rule{{cidrs: ten, except: except}, {cidrs: ten}}, part, tcp, 80, true},
		{"excepted everywhere", []rule{{everywhere: true, except: except}}, part, tcp, 80, false},
		{"outside, a part", []rule{{cidrs: ten}}, anyOutside, tcp, 80, false},
		{"outside, all", []rule{{cidrs: all, except: except}}, anyOutside, tcp, 80, true},
		{"a CIDR of IPv6 alone", []rule{{}}, inside, tcp, 80, false},
		{"first port", []rule{{everywhere: true, ports: web}}, inside, tcp, 80, true},
		{"last port", []rule{{everywhere: true, ports: web}}, inside, tcp, 82, true},
		{"before", []rule{{everywhere: true, ports: web}}, inside, tcp, 79, false},
		{"behind", []rule{{everywhere: true, ports: web}}, inside, tcp, 83, false},
		{"another protocol", []rule{{everywhere: true, ports: web}}, inside, udp, 80, false},
		{"port of one rule, address of another", []rule{{cidrs: all, ports: web}, {cidrs: ten}}, netip.MustParseAddr("11.0.0.1"), tcp, 83, false},
	} {
		if got := allows(test.rules, test.other, test.protocol, test.port); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	pod := netip.MustParseAddr("10.245.0.3")
	if !allowed(map[netip.Addr][]rule{inside: nil}, pod, inside, tcp, 80) {
		t.Error("a Pod without an entry is not free")
	}
	if allowed(map[netip.Addr][]rule{pod: {}}, pod, inside, tcp, 80) {
		t.Error("a Pod with an empty entry may call")
	}
}

// The kernel's filter must drop nothing that the proxy could let through, and all that the proxy would deny for sure.
func TestFiltersAgreeWithPolicies(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	dropped, passed := 0, 0
	for range 300 {
		table, everybody := randomTable(random)
		egress, ingress := groupsOf(table.egress), groupsOf(table.ingress)
		for _, port := range []uint16{80, 81} {
			run := simulate(t, table.filterOf(port, egress, ingress))
			for _, from := range everybody[:8] {
				for _, to := range everybody {
					called := netip.AddrPortFrom(to, port)
					backends, service := table.services[called]
					if !service {
						backends = []netip.AddrPort{called}
					}
					possible := false
					proxys := len(backends) > 1 // one may be called, another one may be reached: the filter does not know
					for _, backend := range backends {
						possible = possible || table.permits(from, backend)
					}
					if from == to { // never leaves the Pod
						continue
					}
					got := run(from, to, syn)
					if possible && !got {
						t.Fatalf("%s to %s is dropped: %+v", from, called, table)
					}
					if !possible && got && !proxys {
						t.Fatalf("%s to %s is not dropped: %+v", from, called, table)
					}
					if !run(from, to, ack) || !run(from, to, syn|ack) {
						t.Fatal("an open connection is dropped")
					}
					if got {
						passed++
					} else {
						dropped++
					}
				}
			}
		}
	}
	if dropped < 1000 || passed < 1000 {
		t.Errorf("%d dropped, %d passed: the tables are too much alike", dropped, passed)
	}
}

// randomTable has Pods, the first eight addresses, then Services and addresses of the outside.
func randomTable(random *rand.Rand) (*table, []netip.Addr) {
	var everybody []netip.Addr
	for i := range 8 {
		everybody = append(everybody, netip.AddrFrom4([4]byte{10, 245, byte(i % 2), byte(i)}))
	}
	t := &table{services: map[netip.AddrPort][]netip.AddrPort{}, egress: map[netip.Addr][]rule{}, ingress: map[netip.Addr][]rule{}}
	for i := range 4 {
		address := netip.AddrFrom4([4]byte{172, 20, 0, byte(i)})
		everybody = append(everybody, address)
		service := netip.AddrPortFrom(address, 80)
		t.services[service] = nil
		for range random.IntN(3) {
			t.services[service] = append(t.services[service], netip.AddrPortFrom(everybody[random.IntN(8)], uint16(80+random.IntN(2))))
		}
	}
	everybody = append(everybody, netip.MustParseAddr("169.254.170.23"), netip.MustParseAddr("198.18.0.1"))
	prefixes := []string{"0.0.0.0/0", "10.245.0.0/24", "10.245.1.0/24", "10.245.0.2/32", "10.245.1.3/32", "172.20.0.0/31", "172.20.0.2/32", "169.254.0.0/16"}
	for _, pod := range everybody[:8] {
		for _, policies := range []map[netip.Addr][]rule{t.egress, t.ingress} {
			if random.IntN(2) == 0 {
				continue
			}
			policies[pod] = []rule{}
			for range random.IntN(3) {
				r := rule{everywhere: random.IntN(4) == 0}
				for range random.IntN(3) {
					r.cidrs = append(r.cidrs, netip.MustParsePrefix(prefixes[random.IntN(len(prefixes))]))
				}
				for range random.IntN(2) {
					r.except = append(r.except, netip.MustParsePrefix(prefixes[1+random.IntN(len(prefixes)-1)]))
				}
				for range random.IntN(2) {
					r.ports = append(r.ports, portRange{tcp, 80, uint16(80 + random.IntN(2))})
				}
				policies[pod] = append(policies[pod], r)
			}
		}
	}
	return t, everybody
}

// simulate runs a program in this process, whose machine knows no header in front: it lies behind.
func simulate(t *testing.T, program []bpf.RawInstruction) func(from, to netip.Addr, flags byte) bool {
	t.Helper()
	if program == nil {
		return func(netip.Addr, netip.Addr, byte) bool { return true }
	}
	instructions, known := bpf.Disassemble(program)
	if !known {
		t.Fatal("unknown instructions")
	}
	for i, instruction := range instructions {
		if load, ok := instruction.(bpf.LoadAbsolute); ok && load.Off >= sourceAt {
			load.Off = load.Off - 0xfff0_0000 + 20
			instructions[i] = load
		}
	}
	machine, err := bpf.NewVM(instructions)
	if err != nil {
		t.Fatal(err)
	}
	return func(from, to netip.Addr, flags byte) bool {
		packet := make([]byte, 40)
		packet[flagsAt] = flags
		copy(packet[32:], from.AsSlice())
		copy(packet[36:], to.AsSlice())
		size, err := machine.Run(packet)
		if err != nil {
			t.Fatal(err)
		}
		return size > 0
	}
}
