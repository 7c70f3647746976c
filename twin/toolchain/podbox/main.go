// Command podbox runs the Pods of one node of a cluster of the twin as containers, without root.
//
// It is two processes: one stays in the machine's network (package host), its child lives in namespaces of its own and
// has the Pods (package node). Containers are further processes of this program that become theirs (package container).
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"

	"idp/toolchain/podbox/container"
	"idp/toolchain/podbox/host"
	"idp/toolchain/podbox/image"
	"idp/toolchain/podbox/kubelet"
	"idp/toolchain/podbox/network"
	"idp/toolchain/podbox/node"
)

const usage = `podbox runs the Pods of one node as containers, without root.

  podbox check <folder>              try it all in a folder; says as JSON whether this machine allows it (1: it does not)
  podbox unpack <folder> <layer>...  unpack an image's layers (tar or tar.gz), lowest first, to a new folder
  podbox certificates <folder>       write the certificates of the kubelet API that are missing
  podbox node <folder> [--kubelet 127.0.0.1:<port> --certificates <folder>]
                                     run a node until SIGTERM; its API is <folder>/node.sock
`

const (
	codeFailed = 1
	codeUsage  = 2
)

// A parent-death signal is sent when a thread ends: main stays on the first one, which ends last. It is also the only one
// that can change its namespaces and become another program.
func init() { runtime.LockOSThread() }

func main() {
	err := run(os.Args[1:])
	var wrong *usageError
	switch {
	case errors.As(err, &wrong):
		fmt.Fprintf(os.Stderr, "podbox: %v\n\n%s", err, usage)
		os.Exit(codeUsage)
	case errors.Is(err, errCheck):
		os.Exit(codeFailed)
	case err != nil:
		fmt.Fprintln(os.Stderr, "podbox:", err)
		os.Exit(codeFailed)
	}
}

type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// errCheck says that standard output has the reason.
var errCheck = errors.New("check failed")

func run(args []string) error {
	if len(args) == 0 {
		return &usageError{"a command is missing"}
	}
	command, rest := args[0], args[1:]
	switch command {
	case "check":
		return check(rest)
	case "unpack":
		if len(rest) < 2 {
			return &usageError{"unpack takes a folder and at least one layer"}
		}
		return image.Unpack(rest[0], rest[1:])
	case "certificates":
		if len(rest) != 1 {
			return &usageError{"certificates takes one folder"}
		}
		return kubelet.WriteCertificates(rest[0])
	case "node":
		return runNode(rest)
	case host.NodeCommand:
		return innerNode(rest)
	case container.StartCommand:
		return container.Enter()
	case container.ExecCommand:
		return container.Join()
	case "help", "-h", "--help":
		fmt.Print(usage)
		return nil
	}
	return &usageError{fmt.Sprintf("there is no command %q", command)}
}

func check(args []string) error {
	if len(args) != 1 {
		return &usageError{"check takes one folder"}
	}
	answer := struct {
		OK     bool   `json:"ok"`
		Reason string `json:"reason,omitempty"`
	}{OK: true}
	failed := host.Check(args[0])
	if failed != nil {
		answer.OK, answer.Reason = false, failed.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		return err
	}
	if failed != nil {
		return errCheck
	}
	return nil
}

func runNode(args []string) error {
	var options host.Options
	if len(args) == 0 {
		return &usageError{"node takes a folder"}
	}
	flags := flag.NewFlagSet("node", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&options.Kubelet, "kubelet", "", "")
	flags.StringVar(&options.Certificates, "certificates", "", "")
	if err := flags.Parse(args[1:]); err != nil {
		return &usageError{err.Error()}
	}
	if flags.NArg() > 0 {
		return &usageError{fmt.Sprintf("node takes one folder, not also %q", flags.Arg(0))}
	}
	if (options.Kubelet == "") != (options.Certificates == "") {
		return &usageError{"--kubelet and --certificates need each other"}
	}
	if options.Kubelet != "" {
		address, err := netip.ParseAddrPort(options.Kubelet)
		if err != nil || address.Addr() != netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
			return &usageError{fmt.Sprintf("--kubelet %q is not 127.0.0.1:<port>", options.Kubelet)}
		}
	}
	var err error
	if options.Folder, err = filepath.Abs(args[0]); err != nil {
		return err
	}
	return host.Run(options)
}

// innerNode is the half in the namespaces: <folder> [--check | <certificates>].
func innerNode(args []string) error {
	folder := args[0]
	hostSocket := filepath.Join(folder, host.HostSocket)
	pods, err := network.New(hostSocket)
	if err != nil {
		return err
	}
	n, err := node.New(pods, hostSocket)
	if err != nil {
		return err
	}
	if len(args) > 1 && args[1] == host.CheckFlag {
		return n.Check(folder)
	}
	if len(args) > 1 {
		if err := kubelet.Serve(filepath.Join(folder, host.KubeletSocket), args[1], n.KubeletPods()); err != nil {
			return err
		}
	}
	return n.Serve(filepath.Join(folder, host.NodeSocket))
}
