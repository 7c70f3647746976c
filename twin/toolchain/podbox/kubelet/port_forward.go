package kubelet

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
)

func (a api) portForward(w http.ResponseWriter, r *http.Request) {
	pod := a.pod(w, r)
	if pod == nil {
		return
	}
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(w, r, forwarder{pod}, r.PathValue("pod"), "", options, idlePatience, streamPatience, portforward.SupportedProtocols)
}

type forwarder struct{ pod Pod }

type halfCloser interface{ CloseWrite() error }

// PortForward implements [portforward.PortForwarder]. It ends when the Pod has said all.
func (f forwarder) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	if port < 1 || port > 65535 {
		return fmt.Errorf("%d is not a port", port)
	}
	server, err := f.pod.Dial(ctx, uint16(port))
	if err != nil {
		return err
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, stream)
		if half, ok := server.(halfCloser); ok {
			_ = half.CloseWrite()
		}
	}()
	_, err = io.Copy(stream, server)
	return err
}
