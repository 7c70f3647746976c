package node

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"idp/toolchain/podbox/container"
)

const (
	bodyLimit   = 64 << 20
	outputLimit = 10 << 10 // of an exec probe, as the kubelet's
)

// signals that may be sent to a container.
var signals = map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGKILL": syscall.SIGKILL}

// Handler serves the API of node.sock. Errors are one sentence of plain text.
func (n *Node) Handler() http.Handler {
	mux := http.NewServeMux()
	handle(mux, "PUT /network", func(r *http.Request, table *json.RawMessage) (any, error) {
		if err := n.network.Set(*table); err != nil {
			return nil, refuse(http.StatusUnprocessableEntity, "network table: %v", err)
		}
		return nil, nil
	})
	handle(mux, "PUT /pods/{pod}", func(r *http.Request, p *Pod) (any, error) {
		return nil, n.addPod(r.PathValue("pod"), *p)
	})
	handle(mux, "DELETE /pods/{pod}", func(r *http.Request, _ *nothing) (any, error) {
		n.removePod(r.PathValue("pod"))
		return nil, nil
	})
	handle(mux, "PUT /pods/{pod}/containers/{name}", func(r *http.Request, spec *container.Spec) (any, error) {
		c, err := n.start(r.PathValue("pod"), r.PathValue("name"), *spec)
		if err != nil {
			return nil, err
		}
		return startedState(c), nil
	})
	handle(mux, "GET /pods/{pod}/containers/{name}/exit", func(r *http.Request, _ *nothing) (any, error) {
		c, err := n.find(r.PathValue("pod"), r.PathValue("name"))
		if err != nil {
			return nil, err
		}
		select {
		case <-c.Done():
			return c.Exit(), nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	})
	handle(mux, "POST /pods/{pod}/containers/{name}/signal", n.signal)
	handle(mux, "POST /pods/{pod}/containers/{name}/exec", n.exec)
	handle(mux, "GET /pods", func(_ *http.Request, _ *nothing) (any, error) { return n.state(), nil })
	handle(mux, "GET /usage", func(_ *http.Request, _ *nothing) (any, error) { return n.usage() })
	handle(mux, "PUT /processes/{pod}", func(r *http.Request, p *ProcessPod) (any, error) {
		return nil, n.addProcesses(r.PathValue("pod"), *p)
	})
	handle(mux, "DELETE /processes/{pod}", func(r *http.Request, _ *nothing) (any, error) {
		n.removeProcesses(r.PathValue("pod"))
		return nil, nil
	})
	mux.HandleFunc("GET /dial", dial)
	return mux
}

// nothing is the body of a request that has none.
type nothing struct{}

// handle serves JSON in and JSON out; nil out is 204.
func handle[In any](mux *http.ServeMux, pattern string, do func(*http.Request, *In) (any, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		var in In
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyLimit))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil && (err != io.EOF || r.Method == http.MethodPut) {
			http.Error(w, "the body is not what "+pattern+" takes: "+err.Error(), http.StatusBadRequest)
			return
		}
		out, err := do(r, &in)
		if err != nil {
			http.Error(w, err.Error(), statusOf(err))
			return
		}
		if out == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
	})
}

type signalRequest struct {
	Signal string `json:"signal"`
}

func (n *Node) signal(r *http.Request, in *signalRequest) (any, error) {
	signal, ok := signals[in.Signal]
	if !ok {
		return nil, refuse(http.StatusBadRequest, "signal %q is neither SIGTERM nor SIGKILL", in.Signal)
	}
	c, err := n.find(r.PathValue("pod"), r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	return nil, c.Signal(signal)
}

type execRequest struct {
	Args []string `json:"args"`
	// TimeoutSeconds kills the command. 0: when the client goes.
	TimeoutSeconds float64 `json:"timeoutSeconds"`
}

type execAnswer struct {
	Code   int    `json:"code"`
	Output string `json:"output"`
}

func (n *Node) exec(r *http.Request, in *execRequest) (any, error) {
	c, err := n.find(r.PathValue("pod"), r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	if in.TimeoutSeconds > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, time.Duration(in.TimeoutSeconds*float64(time.Second)))
		defer stop()
	}
	return run(ctx, c, in.Args)
}

// run answers a command that cannot start like one that failed: so does a probe's kubelet.
func run(ctx context.Context, c *container.Container, args []string) (any, error) {
	output := &limited{left: outputLimit}
	code, err := c.Exec(ctx, container.Command{Args: args, Stdout: output, Stderr: output})
	if failed, ok := err.(*container.StartError); ok {
		return execAnswer{container.CodeNotFound, failed.Error()}, nil
	}
	if err == container.ErrEnded {
		return nil, refuse(http.StatusConflict, "%v", err)
	}
	if err != nil {
		return nil, err
	}
	if ctx.Err() == context.DeadlineExceeded {
		code = container.CodeTimeout
	}
	return execAnswer{code, strings.ToValidUTF8(output.text.String(), "\uFFFD")}, nil
}

// limited keeps the beginning of what is written.
type limited struct {
	text strings.Builder
	left int
}

func (l *limited) Write(text []byte) (int, error) {
	kept := text[:min(len(text), l.left)]
	l.left -= len(kept)
	_, _ = l.text.Write(kept)
	return len(text), nil
}
