package host

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// Options of [Run].
type Options struct {
	// Folder of the node's sockets. Made with mode 0700.
	Folder string
	// Kubelet is the address of 127.0.0.1 at which the kubelet API is reached. Empty: there is none.
	Kubelet string
	// Certificates is the folder that `podbox certificates` writes. Needed for the kubelet API only.
	Certificates string
}

// Names of the sockets in a node's folder.
const (
	// NodeSocket serves the node's API.
	NodeSocket = "node.sock"
	// HostSocket leads from the node to 127.0.0.1 of the machine: "127.0.0.1:<port>\n", then the connection's bytes.
	HostSocket = "host.sock"
	// KubeletSocket serves the kubelet API; the machine's port leads to it.
	KubeletSocket = "kubelet.sock"
)

// pathLimit is the kernel's for a socket's path (sun_path, with its final 0).
const pathLimit = 107

// stopPatience is how long the node may take to end its containers, which are killed.
const stopPatience = 10 * time.Second

// Run runs a node until SIGTERM or SIGINT. It must be called from the process's first thread.
// Errors say why it did not start or why it ended.
func Run(options Options) error {
	if err := prepare(options.Folder); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	open, err := serveHost(filepath.Join(options.Folder, HostSocket))
	if err != nil {
		return err
	}
	defer open.Close()
	args := []string{NodeCommand, options.Folder}
	if options.Kubelet != "" {
		listener, err := passKubelet(options.Kubelet, filepath.Join(options.Folder, KubeletSocket))
		if err != nil {
			return err
		}
		defer listener.Close()
		args = append(args, options.Certificates)
	}
	node := inNamespaces(args...)
	reason := &tail{}
	node.Stdout, node.Stderr = os.Stdout, reason
	if err := node.Start(); err != nil {
		return explain(err)
	}
	stopped := make(chan struct{})
	go func() {
		<-stop
		close(stopped)
		_ = node.Process.Signal(syscall.SIGTERM)
		time.Sleep(stopPatience)
		_ = node.Process.Kill()
	}()
	err = node.Wait()
	select {
	case <-stopped:
		return nil
	default:
		return reason.explain(err)
	}
}

// prepare makes the folder and removes the sockets of a node that was killed.
func prepare(folder string) error {
	longest := filepath.Join(folder, KubeletSocket)
	if len(longest) > pathLimit {
		return fmt.Errorf("the path of %s has %d characters, the kernel allows %d for a socket; use a shorter folder", longest, len(longest), pathLimit)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(folder, 0o700); err != nil {
		return err
	}
	for _, name := range []string{NodeSocket, HostSocket, KubeletSocket} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// tail passes the node's messages on and keeps the last one, its reason to end.
type tail struct{ last string }

func (t *tail) Write(text []byte) (int, error) {
	if line := lastLine(string(text)); line != "" {
		t.last = line
	}
	return os.Stderr.Write(text)
}

func (t *tail) explain(err error) error {
	how := "it ended without being told to"
	if err != nil {
		how = err.Error()
	}
	if t.last == "" {
		return fmt.Errorf("the node ended: %s", how)
	}
	return fmt.Errorf("the node ended: %s: %s", how, t.last)
}
