package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func namesTable(t testing.TB) *table {
	t.Helper()
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf(`"10.245.1.%d"`, i))
	}
	found, err := parseTable([]byte(`{"dns":"172.20.0.10","names":{"a.ns.svc.cluster.local":["172.20.3.4"],"none.ns.svc.cluster.local":[],` +
		`"many.ns.svc.cluster.local":[` + strings.Join(many, ",") + `]},"host":{"db.example.com:5432":"127.0.0.1:15432"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := found.resolveOutside(madeAddresses{}); err != nil {
		t.Fatal(err)
	}
	return found
}

func question(name string, kind dnsmessage.Type) dnsmessage.Message {
	return dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 4711, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}},
	}
}

func packed(t testing.TB, message dnsmessage.Message) []byte {
	t.Helper()
	bytes, err := message.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

func TestAnswer(t *testing.T) {
	names := namesTable(t)
	edns := question("a.ns.svc.cluster.local.", dnsmessage.TypeA)
	var option dnsmessage.ResourceHeader
	if err := option.SetEDNS0(4096, dnsmessage.RCodeSuccess, true); err != nil {
		t.Fatal(err)
	}
	edns.Additionals = []dnsmessage.Resource{{Header: option, Body: &dnsmessage.OPTResource{}}}
	two := question("a.ns.svc.cluster.local.", dnsmessage.TypeA)
	two.Questions = append(two.Questions, two.Questions[0])
	update := question("a.ns.svc.cluster.local.", dnsmessage.TypeA)
	update.OpCode = 5
	chaos := question("version.bind.", dnsmessage.TypeTXT)
	chaos.Questions[0].Class = dnsmessage.ClassCHAOS
	const address = "172.20.3.4"
	for _, test := range []struct {
		name    string
		message dnsmessage.Message
		code    dnsmessage.RCode
		want    []string
	}{
		{"a Service", question("a.ns.svc.cluster.local.", dnsmessage.TypeA), dnsmessage.RCodeSuccess, []string{address}},
		{"in capitals", question("A.Ns.svc.CLUSTER.local.", dnsmessage.TypeA), dnsmessage.RCodeSuccess, []string{address}},
		{"with EDNS", edns, dnsmessage.RCodeSuccess, []string{address}},
		{"any type", question("a.ns.svc.cluster.local.", dnsmessage.TypeALL), dnsmessage.RCodeSuccess, []string{address}},
		{"IPv6", question("a.ns.svc.cluster.local.", dnsmessage.TypeAAAA), dnsmessage.RCodeSuccess, nil},
		{"another type", question("a.ns.svc.cluster.local.", dnsmessage.TypeSRV), dnsmessage.RCodeSuccess, nil},
		{"a headless Service without Pods", question("none.ns.svc.cluster.local.", dnsmessage.TypeA), dnsmessage.RCodeSuccess, nil},
		{"the outside", question("db.example.com.", dnsmessage.TypeA), dnsmessage.RCodeSuccess, []string{"198.18.0.1"}},
		{"the outside, IPv6", question("db.example.com.", dnsmessage.TypeAAAA), dnsmessage.RCodeSuccess, nil},
		{"an unknown name", question("b.ns.svc.cluster.local.", dnsmessage.TypeA), dnsmessage.RCodeNameError, nil},
		{"an unknown name, IPv6", question("a.ns.svc.cluster.local.ns.svc.cluster.local.", dnsmessage.TypeAAAA), dnsmessage.RCodeNameError, nil},
		{"the root", question(".", dnsmessage.TypeNS), dnsmessage.RCodeNameError, nil},
		{"no question", dnsmessage.Message{Header: dnsmessage.Header{ID: 4711}}, dnsmessage.RCodeFormatError, nil},
		{"two questions", two, dnsmessage.RCodeFormatError, nil},
		{"an update", update, dnsmessage.RCodeNotImplemented, nil},
		{"another class", chaos, dnsmessage.RCodeRefused, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			bytes, err := names.answer(packed(t, test.message), udpLimit)
			if err != nil {
				t.Fatal(err)
			}
			var got dnsmessage.Message
			if err := got.Unpack(bytes); err != nil {
				t.Fatal(err)
			}
			if got.ID != 4711 || !got.Response || got.Truncated || got.RCode != test.code || len(got.Additionals) != 0 {
				t.Errorf("%+v", got)
			}
			if found := addressesOf(t, got); !slices.Equal(found, test.want) {
				t.Errorf("%v, not %v", found, test.want)
			}
		})
	}
	t.Run("an answer", func(t *testing.T) {
		message := question("a.ns.svc.cluster.local.", dnsmessage.TypeA)
		message.Response = true
		if bytes, err := names.answer(packed(t, message), udpLimit); err == nil {
			t.Errorf("two servers would answer each other for ever: %v", bytes)
		}
	})
}

func TestLongAnswers(t *testing.T) {
	names := namesTable(t)
	asked := packed(t, question("many.ns.svc.cluster.local.", dnsmessage.TypeA))
	var orders [][]string
	for _, limit := range []int{udpLimit, tcpLimit, tcpLimit} {
		bytes, err := names.answer(asked, limit)
		if err != nil {
			t.Fatal(err)
		}
		var got dnsmessage.Message
		if err := got.Unpack(bytes); err != nil {
			t.Fatal(err)
		}
		found := addressesOf(t, got)
		if len(bytes) > limit || got.Truncated != (limit == udpLimit) || len(found) < 25 || !got.Truncated && len(found) != 100 {
			t.Errorf("%d bytes, truncated %v, %d addresses", len(bytes), got.Truncated, len(found))
		}
		orders = append(orders, found)
	}
	if slices.Equal(orders[1], orders[2]) {
		t.Error("the order is the same each time")
	}
}

func addressesOf(t *testing.T, message dnsmessage.Message) []string {
	t.Helper()
	var found []string
	for _, answer := range message.Answers {
		body, ok := answer.Body.(*dnsmessage.AResource)
		if !ok || answer.Header.TTL != timeToLive || !strings.EqualFold(answer.Header.Name.String(), message.Questions[0].Name.String()) {
			t.Errorf("%+v", answer)
			continue
		}
		found = append(found, netip.AddrFrom4(body.A).String())
	}
	return found
}

func FuzzAnswer(f *testing.F) {
	names := namesTable(f)
	for _, name := range []string{".", "a.ns.svc.cluster.local.", "many.ns.svc.cluster.local.", "none.ns.svc.cluster.local.", "db.example.com.", "x."} {
		for _, kind := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeALL, dnsmessage.TypeOPT} {
			f.Add(packed(f, question(name, kind)))
		}
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, asked []byte) {
		for _, limit := range []int{udpLimit, tcpLimit} {
			bytes, err := names.answer(asked, limit)
			if err != nil {
				continue
			}
			var got dnsmessage.Message
			if err := got.Unpack(bytes); err != nil {
				t.Fatalf("%x: %v", bytes, err)
			}
			if len(bytes) > limit || !got.Response || len(asked) < 2 || got.ID != uint16(asked[0])<<8|uint16(asked[1]) {
				t.Fatalf("%d bytes, %+v", len(bytes), got.Header)
			}
			if got.RCode != dnsmessage.RCodeSuccess && len(got.Answers) > 0 {
				t.Fatalf("an error with answers: %+v", got)
			}
		}
	})
}
