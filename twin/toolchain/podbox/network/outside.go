package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// madeFor is the range of which names of the outside get an address each, so that a connection tells which name was
// called. RFC 2544 keeps it for benchmarks: nobody has these addresses.
var madeFor = netip.MustParsePrefix("198.18.0.0/15")

// The number of the range's last address, which no name gets.
const madeLimit = 1<<17 - 1

// madeAddresses has every name of the outside that any table had: callers remember addresses longer than a table lasts.
type madeAddresses map[string]netip.Addr

// of gives a name its address, the same one each time.
func (m madeAddresses) of(name string) (netip.Addr, error) {
	if address, ok := m[name]; ok {
		return address, nil
	}
	number := len(m) + 1
	if number >= madeLimit {
		return netip.Addr{}, fmt.Errorf("host: %q is one name too many for %s, where no name is forgotten; start the node again", name, madeFor)
	}
	address := madeFor.Addr().As4()
	address[1] += byte(number >> 16)
	address[2], address[3] = byte(number>>8), byte(number)
	made := netip.AddrFrom4(address)
	m[name] = made
	return made, nil
}

// resolved is a table's host by addresses.
type resolved struct {
	outside      map[netip.AddrPort]string // to "127.0.0.1:<port>"
	outsideNames map[string]netip.Addr
}

func (t *table) resolveOutside(made madeAddresses) error {
	t.resolved = resolved{outside: map[netip.AddrPort]string{}, outsideNames: map[string]netip.Addr{}}
	for key, target := range t.host {
		address := key.address
		if key.name != "" {
			var err error
			if address, err = made.of(key.name); err != nil {
				return err
			}
			t.outsideNames[key.name] = address
		}
		t.outside[netip.AddrPortFrom(address, key.port)] = target
	}
	return nil
}

// dialHost opens a port of the machine by the process that stayed in the machine's network.
func (n *Network) dialHost(target string) (duplex, error) {
	connection, err := net.Dial("unix", n.hostSocket)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(connection, "%s\n", target); err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	return connection.(*net.UnixConn), nil
}
