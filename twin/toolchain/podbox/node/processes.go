package node

import (
	"fmt"
	"path/filepath"
)

// ProcessPod is a Pod whose containers run as processes of the machine, started by somebody else.
type ProcessPod struct {
	Namespace  string                      `json:"namespace"`
	Name       string                      `json:"name"`
	Containers map[string]ProcessContainer `json:"containers"`
}

// ProcessContainer is one of them.
type ProcessContainer struct {
	// Log is an absolute path. Its lines have no CRI format.
	Log string `json:"log"`
	// Ports are those of 127.0.0.1 by the container's own.
	Ports map[uint16]uint16 `json:"ports"`
}

type processPod struct {
	ProcessPod
	age int
}

func (n *Node) addProcesses(uid string, p ProcessPod) error {
	for name, c := range p.Containers {
		if !filepath.IsAbs(c.Log) {
			return refuse(400, "log %q of container %s is not an absolute path", c.Log, name)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	age := n.count + 1
	if known := n.processes[uid]; known != nil {
		age = known.age
	} else {
		n.count++
	}
	n.processes[uid] = &processPod{p, age}
	return nil
}

func (n *Node) removeProcesses(uid string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.processes, uid)
}

// address returns where the machine listens for a container's port.
func (p ProcessPod) address(port uint16) (string, error) {
	for _, c := range p.Containers {
		if machine, ok := c.Ports[port]; ok {
			return fmt.Sprintf("127.0.0.1:%d", machine), nil
		}
	}
	return "", fmt.Errorf("no container of Pod %s/%s has port %d", p.Namespace, p.Name, port)
}
