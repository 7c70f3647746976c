package node

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

// Serve serves the API on a unix socket until SIGTERM or SIGINT, then ends all containers.
func (n *Node) Serve(socket string) error {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: n.Handler()}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	n.Stop()
	return nil
}
