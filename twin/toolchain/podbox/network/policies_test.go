package network

import (
	"encoding/json"
	"sync"
	"testing"
)

func rules(t *testing.T, text string) map[string][]ruleDocument {
	t.Helper()
	var found map[string][]ruleDocument
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestPolicies(t *testing.T) {
	n := needNode(t)
	a, b, c := attach(t, n, caller), attach(t, n, first), attach(t, n, second)
	for _, pod := range []testPod{a, b, c} {
		pod.serve(t, 1599)
		pod.serve(t, 1600)
	}
	const both = "172.20.3.5:1599"
	d := document{
		DNS:      dnsAddress,
		Names:    map[string][]string{"a.ns.svc.cluster.local": {"172.20.3.4"}},
		Services: map[string][]string{service: {first + ":1600"}, both: {first + ":1600", second + ":1600"}, "172.20.3.6:1599": {caller + ":1600"}},
		Host:     map[string]string{"db.example.com:1599": "127.0.0.1:1", "169.254.170.23:1599": "127.0.0.1:2"},
		Ports:    []int{1599, 1600},
	}
	set(t, n, d)
	addresses, err := a.lookUp("udp4", dnsAddress+":53", "db.example.com")
	if err != nil {
		t.Fatal(err)
	}
	outside := addresses[0].String() + ":1599"
	const (
		one, two     = "pod 10.245.0.4, called by 10.245.0.3", "pod 10.245.0.5, called by 10.245.0.3"
		self         = "pod 10.245.0.3, called by 169.254.1.1"
		named        = "machine 127.0.0.1:1, called by machine"
		literal      = "machine 127.0.0.1:2, called by machine"
		answer, none = true, false
	)
	for _, test := range []struct {
		name, egress, ingress                                  string
		byService, byAddress, other, toSelf, byName, byLiteral string
		dns                                                    bool
	}{
		{"free", `{}`, `{}`, one, one, two, self, named, literal, answer},
		{"others restricted", `{"10.245.0.4":[]}`, `{"10.245.0.3":[]}`, one, one, two, self, named, literal, answer},
		{"nothing out", `{"10.245.0.3":[]}`, `{}`, "dropped", "dropped", "dropped", self, "dropped", "dropped", none},
		{"all out", `{"10.245.0.3":[{}]}`, `{}`, one, one, two, self, named, literal, answer},
		{"one address out", `{"10.245.0.3":[{"cidrs":["10.245.0.4/32"]}]}`, `{}`, one, one, "dropped", self, "dropped", "dropped", none},
		{"the Service's port is not asked", `{"10.245.0.3":[{"ports":[{"protocol":"TCP","port":1599}]}]}`, `{}`, "dropped", one, two, self, named, literal, none},
		{"the Pod's port is", `{"10.245.0.3":[{"ports":[{"protocol":"TCP","port":1600}]}]}`, `{}`, one, "dropped", "dropped", self, "dropped", "dropped", none},
		{"names are anywhere", `{"10.245.0.3":[{"cidrs":["0.0.0.0/0"],"except":["10.0.0.0/8","198.18.0.0/15"]}]}`, `{}`, "dropped", "dropped", "dropped", self, named, literal, answer},
		{"the link's addresses", `{"10.245.0.3":[{"cidrs":["169.254.170.23/32"]}]}`, `{}`, "dropped", "dropped", "dropped", self, "dropped", literal, none},
		{"names alone", `{"10.245.0.3":[{"cidrs":["172.20.0.10/32"],"ports":[{"protocol":"UDP","port":53}]}]}`, `{}`, "dropped", "dropped", "dropped", self, "dropped", "dropped", answer},
		{"nothing in", `{}`, `{"10.245.0.4":[]}`, "dropped", "dropped", two, self, named, literal, answer},
		{"in from another", `{}`, `{"10.245.0.4":[{"cidrs":["10.245.0.5/32"]}]}`, "dropped", "dropped", two, self, named, literal, answer},
		{"in from here", `{}`, `{"10.245.0.4":[{"cidrs":["10.245.0.0/24"],"except":["10.245.0.5/32"],"ports":[{"protocol":"TCP","port":1599,"endPort":1600}]}]}`, one, one, two, self, named, literal, answer},
		{"in at the Pod's port", `{}`, `{"10.245.0.4":[{"ports":[{"protocol":"TCP","port":1600}]}]}`, one, "dropped", two, self, named, literal, answer},
		{"out but not in", `{"10.245.0.3":[{"cidrs":["10.245.0.0/16"]}]}`, `{"10.245.0.4":[]}`, "dropped", "dropped", two, self, "dropped", "dropped", none},
	} {
		t.Run(test.name, func(t *testing.T) {
			d.Egress, d.Ingress = rules(t, test.egress), rules(t, test.ingress)
			set(t, n, d)
			var names sync.WaitGroup
			names.Go(func() {
				if _, err := a.lookUp("udp4", dnsAddress+":53", "a.ns.svc.cluster.local"); (err == nil) != test.dns {
					t.Errorf("the name server: %v", err)
				}
			})
			a.expectAll(t, map[string]string{
				service: test.byService, first + ":1599": test.byAddress, second + ":1599": test.other,
				"172.20.3.6:1599": test.toSelf, outside: test.byName, "169.254.170.23:1599": test.byLiteral,
			})
			names.Wait()
		})
	}
	t.Run("a Service with one Pod that may be called", func(t *testing.T) {
		d.Egress, d.Ingress = nil, rules(t, `{"10.245.0.4":[]}`)
		set(t, n, d)
		seen := map[string]int{}
		for range 60 {
			seen[a.call(both)]++
		}
		if len(seen) != 2 || seen["reset"] == 0 || seen[two] == 0 {
			t.Errorf("%v", seen)
		}
	})
	t.Run("the name server by TCP", func(t *testing.T) {
		d.Egress, d.Ingress = rules(t, `{"10.245.0.3":[{"ports":[{"protocol":"UDP","port":53}]}]}`), nil
		set(t, n, d)
		if _, err := a.lookUp("udp4", dnsAddress+":53", "a.ns.svc.cluster.local"); err != nil {
			t.Error(err)
		}
		a.expect(t, dnsAddress+":53", "dropped")
	})
}
