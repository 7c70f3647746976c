package network

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
)

const (
	dnsAddress = "172.20.0.10"
	service    = "172.20.3.4:1599"
	caller     = "10.245.0.3"
	first      = "10.245.0.4"
	second     = "10.245.0.5"
)

func TestCallsBetweenPods(t *testing.T) {
	n := needNode(t)
	a, b, c := attach(t, n, caller), attach(t, n, first), attach(t, n, second)
	a.serve(t, 1599)
	b.serve(t, 1599)
	c.serve(t, 9000)
	set(t, n, document{
		Services: map[string][]string{
			service:            {first + ":1599"},
			"172.20.3.5:80":    {second + ":9000"}, // the port of the Service is not the Pod's
			"172.20.3.6:1599":  {caller + ":1599"},
			"172.20.3.7:1599":  {},
			"172.20.3.8:1599":  {first + ":9001"},    // nobody listens
			"172.20.3.9:1599":  {"10.245.0.99:1599"}, // nobody is there
			"172.20.3.10:1599": {"169.254.1.1:1599"}, // the node is nobody
		},
		Ports: []int{1599, 9001},
	})
	a.expect(t, service, "pod 10.245.0.4, called by 10.245.0.3")
	a.expect(t, "10.245.0.4:1599", "pod 10.245.0.4, called by 10.245.0.3")
	b.expect(t, "10.245.0.3:1599", "pod 10.245.0.3, called by 10.245.0.4")
	a.expect(t, "172.20.3.5:80", "pod 10.245.0.5, called by 10.245.0.3")
	a.expect(t, "10.245.0.3:1599", "pod 10.245.0.3, called by 10.245.0.3")
	a.expect(t, "172.20.3.6:1599", "pod 10.245.0.3, called by 169.254.1.1")
	a.expect(t, "172.20.3.7:1599", "refused")
	a.expect(t, "172.20.3.8:1599", "reset")
	a.expect(t, "172.20.3.9:1599", "reset")
	a.expect(t, "172.20.3.10:1599", "reset")
	a.expect(t, "169.254.1.1:1599", "reset")
	a.expect(t, "172.20.3.11:1599", "reset")
	a.expect(t, "10.245.0.4:9001", "reset")
	a.expect(t, "10.245.0.5:9000", "refused") // no port of the table
	a.expect(t, "172.20.3.4:9000", "dropped") // no port of the Service, and none of the table
}

func TestOutside(t *testing.T) {
	n := needNode(t)
	a := attach(t, n, caller)
	set(t, n, document{
		DNS:   dnsAddress,
		Host:  map[string]string{"orders.xyz.rds.amazonaws.com:5432": "127.0.0.1:15432", "169.254.170.23:80": "127.0.0.1:4711"},
		Ports: []int{5433},
	})
	addresses, err := a.lookUp("udp4", dnsAddress+":53", "orders.xyz.rds.amazonaws.com")
	if err != nil || len(addresses) != 1 || !madeFor.Contains(addresses[0]) {
		t.Fatalf("%v %v", addresses, err)
	}
	a.expect(t, netip.AddrPortFrom(addresses[0], 5432).String(), "machine 127.0.0.1:15432, called by machine")
	a.expect(t, netip.AddrPortFrom(addresses[0], 5433).String(), "reset")
	a.expect(t, netip.AddrPortFrom(addresses[0].Next(), 5432).String(), "reset")
	a.expect(t, "169.254.170.23:80", "machine 127.0.0.1:4711, called by machine")
	a.expect(t, "169.254.170.23:5432", "reset")
	a.expect(t, "127.0.0.1:15432", "refused") // the Pod's own
}

func TestNames(t *testing.T) {
	n := needNode(t)
	a := attach(t, n, caller)
	names := map[string][]string{"a.ns.svc.cluster.local": {"172.20.3.4"}, "many.ns.svc.cluster.local": nil}
	for i := range 100 {
		names["many.ns.svc.cluster.local"] = append(names["many.ns.svc.cluster.local"], netip.AddrFrom4([4]byte{10, 245, 1, byte(i)}).String())
	}
	set(t, n, document{DNS: dnsAddress, Names: names})
	for _, network := range []string{"udp4", "tcp4"} {
		addresses, err := a.lookUp(network, dnsAddress+":53", "a.ns.svc.cluster.local")
		if err != nil || !slices.Equal(addresses, []netip.Addr{netip.MustParseAddr("172.20.3.4")}) {
			t.Errorf("%s: %v %v", network, addresses, err)
		}
		var problem *net.DNSError
		if _, err := a.lookUp(network, dnsAddress+":53", "b.ns.svc.cluster.local"); !errors.As(err, &problem) || !problem.IsNotFound {
			t.Errorf("%s: %v", network, err)
		}
	}
	if addresses, err := a.lookUp("tcp4", dnsAddress+":53", "many.ns.svc.cluster.local"); err != nil || len(addresses) != 100 {
		t.Errorf("%v %v", addresses, err)
	}
	// The name server moves with the table.
	set(t, n, document{DNS: "172.20.0.11", Names: names})
	if _, err := a.lookUp("udp4", "172.20.0.11:53", "a.ns.svc.cluster.local"); err != nil {
		t.Error(err)
	}
	if addresses, err := a.lookUp("udp4", dnsAddress+":53", "a.ns.svc.cluster.local"); err == nil {
		t.Errorf("the old address answers %v", addresses)
	}
}
