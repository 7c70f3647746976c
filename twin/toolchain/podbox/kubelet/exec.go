package kubelet

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"

	"idp/toolchain/podbox/container"
)

// screenPatience is how long a terminal is shown after its command ended: what that left running may hold it open.
const screenPatience = time.Second

func (a api) exec(w http.ResponseWriter, r *http.Request) {
	c := a.container(w, r)
	if c == nil {
		return
	}
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeExec(w, r, executor{c}, r.PathValue("pod"), "", r.PathValue("container"), r.URL.Query()["command"],
		options, idlePatience, streamPatience, remotecommand.SupportedStreamingProtocols)
}

type executor struct{ container Container }

// ExecInContainer implements [remotecommand.Executor].
func (e executor) ExecInContainer(ctx context.Context, _, _, _ string, args []string, in io.Reader, out, errOut io.WriteCloser,
	isTerminal bool, sizes <-chan remotecommand.TerminalSize, _ time.Duration,
) error {
	command := container.Command{Args: args, Stdin: in, Stdout: out, Stderr: errOut}
	run := e.container.Exec
	if isTerminal {
		run = e.onTerminal(in, out, sizes)
	}
	code, err := run(ctx, command)
	if err == nil && code != 0 {
		return utilexec.CodeExitError{Err: fmt.Errorf("exit code %d", code), Code: code}
	}
	return err
}

func (e executor) onTerminal(in io.Reader, out io.Writer, sizes <-chan remotecommand.TerminalSize) func(context.Context, container.Command) (int, error) {
	return func(ctx context.Context, command container.Command) (int, error) {
		terminal, err := e.container.NewTerminal()
		if err != nil {
			return 0, err
		}
		defer terminal.Close()
		command.Terminal, command.Env = terminal, []string{"TERM=xterm"} // as containerd
		go func() {
			for size := range sizes {
				_ = terminal.Resize(size.Width, size.Height)
			}
		}()
		if in != nil {
			go terminal.Type(in)
		}
		shown := make(chan struct{})
		go func() {
			defer close(shown)
			if out == nil {
				out = io.Discard
			}
			terminal.Show(out)
		}()
		code, err := e.container.Exec(ctx, command)
		select {
		case <-shown:
		case <-time.After(screenPatience):
		}
		return code, err
	}
}
