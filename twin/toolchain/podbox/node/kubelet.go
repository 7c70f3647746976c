package node

import (
	"context"
	"errors"
	"fmt"
	"net"

	"idp/toolchain/podbox/container"
	"idp/toolchain/podbox/kubelet"
)

// KubeletPods shows the Pods of the node to its kubelet API.
func (n *Node) KubeletPods() kubelet.Pods { return kubeletPods{n} }

type kubeletPods struct{ node *Node }

// Pod implements [kubelet.Pods].
func (k kubeletPods) Pod(namespace, name string) kubelet.Pod {
	k.node.mu.Lock()
	defer k.node.mu.Unlock()
	var newest kubelet.Pod
	age := 0
	for _, p := range k.node.pods {
		if p.Namespace == namespace && p.Name == name && p.age > age {
			newest, age = containerPod{k.node, p}, p.age
		}
	}
	for uid, p := range k.node.processes {
		if p.Namespace == namespace && p.Name == name && p.age > age {
			newest, age = machinePod{k.node, uid, p.ProcessPod}, p.age
		}
	}
	return newest
}

// containerPod runs in containers.
type containerPod struct {
	node *Node
	pod  *pod
}

// Container implements [kubelet.Pod].
func (p containerPod) Container(name string) kubelet.Container {
	if c := p.node.containersOf(p.pod)[name]; c != nil {
		return runningContainer{c}
	}
	return nil
}

// Dial implements [kubelet.Pod].
func (p containerPod) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialPatience}
	return dialer.DialContext(ctx, "tcp4", fmt.Sprintf("%s:%d", p.pod.IP, port))
}

type runningContainer struct{ *container.Container }

// Log implements [kubelet.Container].
func (c runningContainer) Log() (string, bool) { return c.Spec.Log, true }

// machinePod runs as processes of the machine.
type machinePod struct {
	node *Node
	uid  string
	pod  ProcessPod
}

// Container implements [kubelet.Pod].
func (p machinePod) Container(name string) kubelet.Container {
	if c, ok := p.pod.Containers[name]; ok {
		return machineContainer{p, c}
	}
	return nil
}

// Dial implements [kubelet.Pod]: by the half of podbox that is in the machine's network.
func (p machinePod) Dial(ctx context.Context, port uint16) (net.Conn, error) {
	address, err := p.pod.address(port)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: dialPatience}
	connected, err := dialer.DialContext(ctx, "unix", p.node.hostSocket)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintln(connected, address); err != nil {
		return nil, errors.Join(err, connected.Close())
	}
	return connected, nil
}

type machineContainer struct {
	pod       machinePod
	container ProcessContainer
}

// Log implements [kubelet.Container].
func (c machineContainer) Log() (string, bool) { return c.container.Log, false }

// Runs implements [kubelet.Container]: whoever started the process removes the Pod.
func (c machineContainer) Runs() bool {
	c.pod.node.mu.Lock()
	defer c.pod.node.mu.Unlock()
	return c.pod.node.processes[c.pod.uid] != nil
}

// Exec implements [kubelet.Container].
func (c machineContainer) Exec(context.Context, container.Command) (int, error) { return 0, c.noExec() }

// NewTerminal implements [kubelet.Container].
func (c machineContainer) NewTerminal() (*container.Terminal, error) { return nil, c.noExec() }

func (c machineContainer) noExec() error {
	return fmt.Errorf("Pod %s is a process of the machine, not a container: there is nothing to run a command in", c.pod.pod.Name)
}
