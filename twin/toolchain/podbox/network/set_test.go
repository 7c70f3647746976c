package network

import (
	"encoding/json"
	"fmt"
	"testing"
)

// bigTable is a node of three Pods to each Service, all restricted in both directions.
func bigTable(t testing.TB, services, change int) []byte {
	t.Helper()
	d := document{
		DNS: dnsAddress, Names: map[string][]string{}, Services: map[string][]string{}, Ports: []int{1599, 9090, 8080},
		Host:   map[string]string{"db.example.com:5432": "127.0.0.1:15432"},
		Egress: map[string][]ruleDocument{}, Ingress: map[string][]ruleDocument{},
	}
	pod := func(i int) string { return fmt.Sprintf("10.245.%d.%d", i/200, i%200+1) }
	for i := range services {
		name := fmt.Sprintf("service-%d.ns.svc.cluster.local", i)
		address := fmt.Sprintf("172.20.3.%d", i+1)
		d.Names[name] = []string{address}
		var backends, callers, called []string
		for k := range 3 {
			backends = append(backends, pod(3*i+k)+":1599")
			callers = append(callers, pod((3*i+3+k)%(3*services))+"/32")
			called = append(called, pod((3*(i+services-1)+k)%(3*services))+"/32")
		}
		d.Services[address+":1599"] = backends[:3-change%2]
		for k := range 3 {
			d.Egress[pod(3*i+k)] = rulesFor(t, called, `{"cidrs":["172.20.0.10/32"],"ports":[{"protocol":"UDP","port":53}]}`)
			d.Ingress[pod(3*i+k)] = rulesFor(t, callers, `{"cidrs":["10.0.0.0/16"]}`)
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func rulesFor(t testing.TB, cidrs []string, other string) []ruleDocument {
	t.Helper()
	second := ruleDocument{}
	if err := json.Unmarshal([]byte(other), &second); err != nil {
		t.Fatal(err)
	}
	return []ruleDocument{{CIDRs: cidrs}, second}
}

func TestManyPods(t *testing.T) {
	n := needNode(t)
	restricted := attach(t, n, "10.245.0.1")
	for _, test := range []struct {
		services int
		want     string
	}{{60, "dropped"}, {100, "reset"}, {1, "dropped"}} {
		if err := n.Set(bigTable(t, test.services, 0)); err != nil {
			t.Fatal(err)
		}
		restricted.expect(t, "10.245.200.1:1599", test.want)
		if program := n.listeners[1599].program; (program != nil) != (test.want == "dropped") {
			t.Errorf("%d instructions for %d Services", len(program), test.services)
		}
	}
}

func BenchmarkSet(b *testing.B) {
	n := needNode(b)
	tables := [][]byte{bigTable(b, 100, 0), bigTable(b, 100, 1)}
	for i := 0; b.Loop(); i++ {
		if err := n.Set(tables[i%2]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSetAgain(b *testing.B) {
	n := needNode(b)
	text := bigTable(b, 100, 0)
	for b.Loop() {
		if err := n.Set(text); err != nil {
			b.Fatal(err)
		}
	}
}
