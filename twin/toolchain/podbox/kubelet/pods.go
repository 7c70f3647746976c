// Package kubelet serves what the API server asks the kubelet of a node for: logs, exec and port-forward.
package kubelet

import (
	"context"
	"net"

	"idp/toolchain/podbox/container"
)

// Pods finds Pods as kubectl names them.
type Pods interface {
	// Pod returns the newest of this name; nil if there is none.
	Pod(namespace, name string) Pod
}

// Pod is one Pod.
type Pod interface {
	// Container returns nil if there is none of this name.
	Container(name string) Container
	// Dial connects to a port of the Pod.
	Dial(ctx context.Context, port uint16) (net.Conn, error)
}

// Container is one container of a Pod.
type Container interface {
	// Log is a file. IsCRI: its lines are in CRI format.
	Log() (path string, isCRI bool)
	// Runs says whether more may be written to the log.
	Runs() bool
	// Exec runs a command and returns its exit code.
	Exec(ctx context.Context, command container.Command) (int, error)
	// NewTerminal makes one for a command.
	NewTerminal() (*container.Terminal, error)
}
