// Package node keeps the Pods of one node and serves the API by which they are run.
package node

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"idp/toolchain/podbox/container"
)

// memoryInterval is how often the memory of containers with a limit is measured.
const memoryInterval = time.Second

// Node is safe for use by many goroutines.
type Node struct {
	network    Network
	thread     *container.Thread
	hostSocket string

	mu        sync.Mutex
	pods      map[string]*pod
	processes map[string]*processPod
	count     int // of Pods ever, to tell the newest
}

// New returns a node without Pods. By hostSocket the node reaches ports of the machine's 127.0.0.1.
func New(network Network, hostSocket string) (*Node, error) {
	thread, err := container.NewThread()
	if err != nil {
		return nil, err
	}
	n := &Node{
		network: network, thread: thread, hostSocket: hostSocket,
		pods: map[string]*pod{}, processes: map[string]*processPod{},
	}
	go n.enforceLimits()
	return n, nil
}

// Stop ends all containers and waits until they have.
func (n *Node) Stop() {
	n.mu.Lock()
	var uids []string
	for uid := range n.pods {
		uids = append(uids, uid)
	}
	n.mu.Unlock()
	var removed sync.WaitGroup
	for _, uid := range uids {
		removed.Go(func() { n.removePod(uid) })
	}
	removed.Wait()
}

// Pod is what a Pod is made of.
type Pod struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// IP is an IPv4 address that no other Pod has.
	IP string `json:"ip"`
}

type pod struct {
	Pod
	age        int
	network    int
	life       sync.Mutex // held while the Pod or a container of it is made or removed
	gone       bool       // guarded by life
	containers map[string]*container.Container
}

func (n *Node) addPod(uid string, wanted Pod) error {
	n.mu.Lock()
	if known := n.pods[uid]; known != nil {
		n.mu.Unlock()
		if known.Pod != wanted {
			return refuse(409, "Pod %s is %s/%s with %s already; delete it first", uid, known.Namespace, known.Name, known.IP)
		}
		known.life.Lock() // until it is made
		defer known.life.Unlock()
		if known.gone {
			return refuse(409, "Pod %s is being deleted, or could not be made; try again", uid)
		}
		return nil
	}
	for other, known := range n.pods {
		if known.IP == wanted.IP {
			n.mu.Unlock()
			return refuse(409, "Pod %s has the address %s already", other, wanted.IP)
		}
	}
	n.count++
	p := &pod{Pod: wanted, age: n.count, network: -1, containers: map[string]*container.Container{}}
	p.life.Lock()
	defer p.life.Unlock()
	n.pods[uid] = p
	n.mu.Unlock()

	var err error
	if p.network, err = n.thread.NewNetwork(); err == nil {
		if err = n.network.Attach(p.network, wanted.IP); err == nil {
			return nil
		}
		n.network.Detach(wanted.IP)
		_ = unix.Close(p.network)
	}
	p.gone = true
	n.mu.Lock()
	delete(n.pods, uid)
	n.mu.Unlock()
	return fmt.Errorf("network of Pod %s: %w", uid, err)
}

func (n *Node) removePod(uid string) {
	n.mu.Lock()
	p := n.pods[uid]
	n.mu.Unlock()
	if p == nil {
		return
	}
	p.life.Lock()
	defer p.life.Unlock()
	if p.gone {
		return
	}
	p.gone = true
	for _, c := range n.containersOf(p) {
		_ = c.Signal(syscall.SIGKILL)
		<-c.Done()
	}
	n.network.Detach(p.IP)
	_ = unix.Close(p.network)
	n.mu.Lock()
	delete(n.pods, uid)
	n.mu.Unlock()
}

func (n *Node) containersOf(p *pod) map[string]*container.Container {
	n.mu.Lock()
	defer n.mu.Unlock()
	copied := map[string]*container.Container{}
	for name, c := range p.containers {
		copied[name] = c
	}
	return copied
}

func (n *Node) start(uid, name string, spec container.Spec) (*container.Container, error) {
	n.mu.Lock()
	p := n.pods[uid]
	n.mu.Unlock()
	if p == nil {
		return nil, noPod(uid)
	}
	p.life.Lock()
	defer p.life.Unlock()
	if p.gone {
		return nil, noPod(uid)
	}
	if old := n.containersOf(p)[name]; old != nil && old.Runs() {
		return nil, refuse(409, "container %s of Pod %s runs as process %d", name, uid, old.PID)
	}
	c, err := container.Start(n.thread, p.network, spec)
	if err != nil {
		return nil, refuse(422, "%v", err)
	}
	n.mu.Lock()
	p.containers[name] = c
	n.mu.Unlock()
	return c, nil
}

func (n *Node) find(uid, name string) (*container.Container, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.pods[uid]
	if p == nil {
		return nil, noPod(uid)
	}
	c := p.containers[name]
	if c == nil {
		return nil, refuse(404, "Pod %s has no container %s", uid, name)
	}
	return c, nil
}

// usage is by Pod and container, of those that run.
func (n *Node) usage() (map[string]map[string]container.Usage, error) {
	running := n.running()
	processes, err := container.FindProcesses()
	if err != nil {
		return nil, err
	}
	used := map[string]map[string]container.Usage{}
	for uid, containers := range running {
		used[uid] = map[string]container.Usage{}
		for name, c := range containers {
			used[uid][name] = c.Usage(processes)
		}
	}
	return used, nil
}

func (n *Node) running() map[string]map[string]*container.Container {
	n.mu.Lock()
	defer n.mu.Unlock()
	running := map[string]map[string]*container.Container{}
	for uid, p := range n.pods {
		running[uid] = map[string]*container.Container{}
		for name, c := range p.containers {
			if c.Runs() {
				running[uid][name] = c
			}
		}
	}
	return running
}

func (n *Node) enforceLimits() {
	for range time.Tick(memoryInterval) {
		var limited []*container.Container
		for _, containers := range n.running() {
			for _, c := range containers {
				if c.Spec.MemoryLimitBytes > 0 {
					limited = append(limited, c)
				}
			}
		}
		if len(limited) == 0 {
			continue
		}
		processes, err := container.FindProcesses()
		if err != nil {
			fmt.Fprintf(os.Stderr, "podbox: memory limits are not enforced: %v\n", err)
			continue
		}
		for _, c := range limited {
			c.EnforceLimit(processes)
		}
	}
}

// refusal is an error of the caller's.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

func refuse(status int, format string, values ...any) error {
	return &refusal{status, fmt.Sprintf(format, values...)}
}

func noPod(uid string) error { return refuse(404, "there is no Pod %s", uid) }

func statusOf(err error) int {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.status
	}
	return 500
}
