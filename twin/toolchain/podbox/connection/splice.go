// Package connection passes bytes between connections.
package connection

import (
	"errors"
	"io"
	"net"
)

type halfCloser interface{ CloseWrite() error }

// Splice copies both ways until both ended, then closes both. The end of one direction is passed on as such: a client
// that has said all may still read.
func Splice(a, b net.Conn) {
	done := make(chan struct{})
	go func() {
		pass(a, b)
		close(done)
	}()
	pass(b, a)
	<-done
	_ = errors.Join(a.Close(), b.Close())
}

func pass(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(halfCloser); ok && err == nil {
		_ = half.CloseWrite()
		return
	}
	_ = errors.Join(to.Close(), from.Close())
}
