package network

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// document is the table as it is written. It is always whole; a key that is left out is empty.
type document struct {
	DNS      string                    `json:"dns"`      // the name server's address; "" for none
	Names    map[string][]string       `json:"names"`    // without the final dot, to addresses
	Services map[string][]string       `json:"services"` // "<address>:<port>" to the ready Pods' ones; an empty list refuses
	Host     map[string]string         `json:"host"`     // "<name or address>:<port>" of the outside to "127.0.0.1:<port>"
	Ports    []int                     `json:"ports"`    // those by which Pods are called directly
	Egress   map[string][]ruleDocument `json:"egress"`   // by a Pod's address; without an entry it may call all
	Ingress  map[string][]ruleDocument `json:"ingress"`  // the same of the receiving side
}

type ruleDocument struct {
	CIDRs  []string `json:"cidrs"`  // none: every address
	Except []string `json:"except"` // parts of the CIDRs that the rule does not mean
	Ports  []struct {
		Protocol string `json:"protocol"`
		Port     int    `json:"port"`    // 0: every one
		EndPort  int    `json:"endPort"` // 0: Port alone
	} `json:"ports"` // none: every port of every protocol
}

// table is a document that was checked. It is never changed once it is in use: each connection asks one table.
type table struct {
	dns      netip.Addr // the zero value for none
	names    map[string][]netip.Addr
	services map[netip.AddrPort][]netip.AddrPort
	host     map[hostKey]string // as written
	ports    map[uint16]bool    // Pods' own
	egress   map[netip.Addr][]rule
	ingress  map[netip.Addr][]rule
	listen   map[uint16]bool // every port by which something can be called
	resolved                 // of host, see outside.go
}

// hostKey has a name or an address.
type hostKey struct {
	name    string
	address netip.Addr
	port    uint16
}

// parseTable reads a document and names all that is wrong with it.
func parseTable(text []byte) (*table, error) {
	var d document
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("table: more text after its end; must be one JSON object")
	}
	r := &reader{}
	t := &table{
		names:    map[string][]netip.Addr{},
		services: map[netip.AddrPort][]netip.AddrPort{},
		host:     map[hostKey]string{},
		ports:    map[uint16]bool{},
		egress:   r.policies("egress", d.Egress),
		ingress:  r.policies("ingress", d.Ingress),
	}
	if d.DNS != "" {
		t.dns = r.address("dns", d.DNS)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Names)) {
		where := fmt.Sprintf("names[%q]", name)
		r.name(where, name)
		t.names[name] = []netip.Addr{}
		for _, text := range d.Names[name] {
			t.names[name] = append(t.names[name], r.address(where, text))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d.Services)) {
		where := fmt.Sprintf("services[%q]", key)
		service := r.addressPort(where, key)
		t.services[service] = []netip.AddrPort{}
		for _, text := range d.Services[key] {
			t.services[service] = append(t.services[service], r.addressPort(where, text))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d.Host)) {
		where := fmt.Sprintf("host[%q]", key)
		target := r.addressPort(where, d.Host[key])
		if target.IsValid() && target.Addr() != loopback {
			r.fail(where, d.Host[key], "a port of 127.0.0.1, such as 127.0.0.1:15432")
		}
		t.host[r.hostKey(where, key)] = target.String()
	}
	for i, number := range d.Ports {
		t.ports[r.port(fmt.Sprintf("ports[%d]", i), strconv.Itoa(number))] = true
	}
	if len(r.problems) > 0 {
		return nil, fmt.Errorf("table: %w", errors.Join(r.problems...))
	}
	// The name server is this process, whoever else is said to be behind its address.
	delete(t.services, netip.AddrPortFrom(t.dns, dnsPort))
	t.listen = t.portsInUse()
	return t, nil
}

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

func (t *table) portsInUse() map[uint16]bool {
	ports := maps.Clone(t.ports)
	for service := range t.services {
		ports[service.Port()] = true
	}
	for key := range t.host {
		ports[key.port] = true
	}
	if t.dns.IsValid() {
		ports[dnsPort] = true
	}
	return ports
}

// reader collects problems, so that all are told at once.
type reader struct{ problems []error }

func (r *reader) fail(where, found, allowed string) {
	r.problems = append(r.problems, fmt.Errorf("%s: found %q; must be %s", where, found, allowed))
}

func (r *reader) address(where, text string) netip.Addr {
	address, err := netip.ParseAddr(text)
	if err != nil || !address.Is4() {
		r.problems = append(r.problems, notAnAddress(where, text))
	}
	return address
}

func (r *reader) addressPort(where, text string) netip.AddrPort {
	both, err := netip.ParseAddrPort(text)
	if err != nil || !both.Addr().Is4() || both.Port() == 0 {
		r.fail(where, text, "an IPv4 address and a port, such as 10.245.0.3:1599")
	}
	return both
}

func (r *reader) port(where, text string) uint16 {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		r.fail(where, text, "a port from 1 to 65535")
	}
	return uint16(port)
}

func (r *reader) hostKey(where, text string) hostKey {
	host, port, _ := strings.Cut(text, ":")
	key := hostKey{port: r.port(where, port)}
	if strings.Trim(host, "0123456789.") == "" {
		key.address = r.address(where, host)
	} else {
		key.name = host
		r.name(where, host)
	}
	return key
}

func (r *reader) name(where, name string) {
	ok := len(name) <= 253
	for label := range strings.SplitSeq(name, ".") {
		ok = ok && label != "" && len(label) <= 63 && strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
	}
	if !ok {
		r.fail(where, name, "a name in lower case without a final dot, such as a.ns.svc.cluster.local")
	}
}

func (r *reader) policies(key string, documents map[string][]ruleDocument) map[netip.Addr][]rule {
	policies := map[netip.Addr][]rule{}
	for _, pod := range slices.Sorted(maps.Keys(documents)) {
		where := fmt.Sprintf("%s[%q]", key, pod)
		rules := []rule{}
		for i, d := range documents[pod] {
			rules = append(rules, r.rule(fmt.Sprintf("%s[%d]", where, i), d))
		}
		policies[r.address(where, pod)] = rules
	}
	return policies
}

func (r *reader) rule(where string, d ruleDocument) rule {
	found := rule{everywhere: len(d.CIDRs) == 0, cidrs: r.prefixes(where+".cidrs", d.CIDRs), except: r.prefixes(where+".except", d.Except)}
	for i, p := range d.Ports {
		at := fmt.Sprintf("%s.ports[%d]", where, i)
		if p.Protocol != tcp && p.Protocol != udp && p.Protocol != "SCTP" {
			r.fail(at+".protocol", p.Protocol, "TCP, UDP or SCTP")
		}
		span := portRange{protocol: p.Protocol, first: 1, last: 65535}
		if p.Port != 0 {
			span.first = r.port(at+".port", strconv.Itoa(p.Port))
			span.last = span.first
		}
		if p.EndPort != 0 {
			span.last = r.port(at+".endPort", strconv.Itoa(p.EndPort))
			if p.Port == 0 || p.EndPort < p.Port {
				r.fail(at+".endPort", strconv.Itoa(p.EndPort), "at least port, and port not 0")
			}
		}
		found.ports = append(found.ports, span)
	}
	return found
}

// prefixes drops those of IPv6: they are right in a NetworkPolicy and mean nobody here.
func (r *reader) prefixes(where string, texts []string) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			r.fail(where, text, "a CIDR such as 10.0.0.0/8")
		} else if prefix.Addr().Is4() {
			prefixes = append(prefixes, prefix.Masked())
		}
	}
	return prefixes
}
