// Package host is the half of podbox that stays in the machine's network: it starts the other half in namespaces of its
// own and passes on the few connections that cross between them.
package host

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"idp/toolchain/podbox/container"
)

// NodeCommand is the hidden command of this program that is the half in the namespaces.
const NodeCommand = "node-inner"

// containerUser is the user that this one is in the namespaces and so in every container: distroless' "nonroot", which
// the services' images ask for. Without newuidmap there can be only one.
const containerUser = 65532

// inNamespaces returns this program with other arguments, in new user, network and mount namespaces. It dies when the
// calling thread ends, so call it from main's.
func inNamespaces(args ...string) *exec.Cmd {
	command := exec.Command("/proc/self/exe", args...)
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: containerUser, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: containerUser, HostID: os.Getgid(), Size: 1}},
		// A user other than 0 keeps only ambient capabilities at exec.
		AmbientCaps: container.AllCapabilities(),
		Pdeathsig:   unix.SIGKILL,
	}
	return command
}
