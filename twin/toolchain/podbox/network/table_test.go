package network

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

const wholeTable = `{
  "dns": "172.20.0.10",
  "names": {"a.ns.svc.cluster.local": ["172.20.3.4"], "none.ns.svc.cluster.local": []},
  "services": {"172.20.3.4:1599": ["10.245.0.3:1599"], "172.20.3.5:80": []},
  "host": {"orders.xyz.rds.amazonaws.com:5432": "127.0.0.1:15432", "169.254.170.23:80": "127.0.0.1:4711"},
  "ports": [1599, 9090],
  "egress": {"10.245.0.3": [{"cidrs": ["10.1.2.3/8", "::/0"], "except": ["10.1.0.0/16"], "ports": [{"protocol": "TCP", "port": 1599, "endPort": 1600}, {"protocol": "UDP", "port": 0}]}]},
  "ingress": {"10.245.0.3": []}
}`

func TestParseTable(t *testing.T) {
	found, err := parseTable([]byte(wholeTable))
	if err != nil {
		t.Fatal(err)
	}
	if ports := slices.Sorted(maps.Keys(found.listen)); !slices.Equal(ports, []uint16{53, 80, 1599, 5432, 9090}) {
		t.Errorf("ports in use: %v", ports)
	}
	pod := netip.MustParseAddr("10.245.0.3")
	want := rule{
		cidrs:  []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, // what IPv6 has is nobody's here
		except: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")},
		ports:  []portRange{{tcp, 1599, 1600}, {udp, 1, 65535}},
	}
	if got := found.egress[pod]; fmt.Sprint(got) != fmt.Sprint([]rule{want}) {
		t.Errorf("egress: %v, not %v", got, want)
	}
	if rules, ok := found.ingress[pod]; !ok || len(rules) != 0 {
		t.Errorf("ingress: %v %v; an empty list is an entry", rules, ok)
	}
	if backends, ok := found.services[netip.MustParseAddrPort("172.20.3.5:80")]; !ok || len(backends) != 0 {
		t.Errorf("a Service without Pods: %v %v", backends, ok)
	}
	own, err := parseTable([]byte(`{"dns":"172.20.0.10","services":{"172.20.0.10:53":[],"172.20.0.10:9153":[]}}`))
	if err != nil || len(own.services) != 1 {
		t.Errorf("the name server is a Service: %v %v", own, err)
	}
	if _, err := parseTable([]byte(`{}`)); err != nil {
		t.Errorf("an empty table: %v", err)
	}
}

func TestParseTableNamesWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{``, []string{"table: "}},
		{`{"dns":"172.20.0.10"`, []string{"table: "}},
		{`[]`, []string{"table: "}},
		{`{} {}`, []string{"more text after its end"}},
		{`{"extra":1}`, []string{`"extra"`}},
		{`{"egress":{"10.0.0.1":[{"cidr":[]}]}}`, []string{`"cidr"`}},
		{`{"ports":["80"]}`, []string{"ports"}},
		{`{"dns":"a"}`, []string{`dns: found "a"; must be an IPv4 address`}},
		{`{"dns":"fd00::1"}`, []string{"dns: "}},
		{`{"names":{"A.ns":["172.20.3.4"]}}`, []string{`names["A.ns"]: found "A.ns"; must be a name in lower case without a final dot`}},
		{`{"names":{"a.ns.":[]}}`, []string{`names["a.ns."]`}},
		{`{"names":{"":[]}}`, []string{`names[""]`}},
		{`{"names":{"` + strings.Repeat("a", 64) + `":[]}}`, []string{"names["}},
		{`{"names":{"` + strings.Repeat("a.", 127) + `":[]}}`, []string{"names["}},
		{`{"names":{"a":["b"]}}`, []string{`names["a"]: found "b"`}},
		{`{"services":{"172.20.3.4":[]}}`, []string{`services["172.20.3.4"]: found "172.20.3.4"; must be an IPv4 address and a port`}},
		{`{"services":{"172.20.3.4:0":[]}}`, []string{`services["172.20.3.4:0"]`}},
		{`{"services":{"172.20.3.4:80":["10.0.0.1:99999"]}}`, []string{`services["172.20.3.4:80"]: found "10.0.0.1:99999"`}},
		{`{"host":{"a:80":"10.0.0.1:80"}}`, []string{`host["a:80"]: found "10.0.0.1:80"; must be a port of 127.0.0.1`}},
		{`{"host":{"a":"127.0.0.1:80"}}`, []string{`host["a"]: found ""; must be a port from 1 to 65535`}},
		{`{"host":{"300.1.1.1:80":"127.0.0.1:80"}}`, []string{`host["300.1.1.1:80"]: found "300.1.1.1"; must be an IPv4 address`}},
		{`{"host":{":80":"127.0.0.1:80"}}`, []string{`host[":80"]`}},
		{`{"host":{"a b:80":"127.0.0.1:80"}}`, []string{`host["a b:80"]: found "a b"`}},
		{`{"host":{"a:80":"127.0.0.1"}}`, []string{`host["a:80"]`}},
		{`{"ports":[80,0,-1,70000]}`, []string{`ports[1]: found "0"`, `ports[2]: found "-1"`, `ports[3]: found "70000"`}},
		{`{"egress":{"a":[]},"ingress":{"b":[]}}`, []string{`egress["a"]`, `ingress["b"]`}},
		{`{"egress":{"10.0.0.1":[{},{"cidrs":["10.0.0.0"]}]}}`, []string{`egress["10.0.0.1"][1].cidrs: found "10.0.0.0"; must be a CIDR`}},
		{`{"ingress":{"10.0.0.1":[{"except":["x"]}]}}`, []string{`ingress["10.0.0.1"][0].except`}},
		{`{"egress":{"10.0.0.1":[{"ports":[{"protocol":"tcp","port":80}]}]}}`, []string{`egress["10.0.0.1"][0].ports[0].protocol: found "tcp"; must be TCP, UDP or SCTP`}},
		{`{"egress":{"10.0.0.1":[{"ports":[{"protocol":"TCP","port":80,"endPort":79}]}]}}`, []string{`.ports[0].endPort: found "79"; must be at least port`}},
		{`{"egress":{"10.0.0.1":[{"ports":[{"protocol":"TCP","endPort":79}]}]}}`, []string{".ports[0].endPort"}},
		{`{"egress":{"10.0.0.1":[{"ports":[{"protocol":"TCP","port":65536}]}]}}`, []string{".ports[0].port"}},
	} {
		found, err := parseTable([]byte(test.text))
		if err == nil {
			t.Errorf("%s: %v", test.text, found)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v does not say %s", test.text, err, want)
			}
		}
	}
}

func FuzzParseTable(f *testing.F) {
	f.Add([]byte(wholeTable))
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := parseTable(text)
		if err != nil {
			return
		}
		if err := found.resolveOutside(madeAddresses{}); err != nil {
			t.Fatal(err)
		}
		egress, ingress := groupsOf(found.egress), groupsOf(found.ingress)
		for port := range found.listen {
			simulate(t, found.filterOf(port, egress, ingress))
		}
	})
}

func TestMadeAddresses(t *testing.T) {
	made := madeAddresses{}
	seen := map[netip.Addr]bool{}
	for i := range 131_070 {
		address, err := made.of(fmt.Sprint("name", i))
		if err != nil || !madeFor.Contains(address) || seen[address] {
			t.Fatalf("name %d: %v %v", i, address, err)
		}
		seen[address] = true
	}
	if again, err := made.of("name0"); err != nil || again != netip.MustParseAddr("198.18.0.1") {
		t.Errorf("%v %v", again, err)
	}
	if last, err := made.of("name131069"); err != nil || last != netip.MustParseAddr("198.19.255.254") {
		t.Errorf("%v %v", last, err)
	}
	if address, err := made.of("one more"); err == nil {
		t.Errorf("there is no end: %v", address)
	}
}
