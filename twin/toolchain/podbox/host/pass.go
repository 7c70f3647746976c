package host

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"idp/toolchain/podbox/connection"
)

// acceptPause is waited after an error of accept, which is a lack of descriptors.
const acceptPause = 50 * time.Millisecond

// serveHost opens 127.0.0.1 of the machine to the node, which decides what a Pod may reach of it.
func serveHost(socket string) (net.Listener, error) {
	return serve("unix", socket, func(client net.Conn) (net.Conn, error) {
		_ = client.SetReadDeadline(time.Now().Add(10 * time.Second))
		target, err := connection.ReadLine(client)
		if err != nil {
			return nil, err
		}
		_ = client.SetReadDeadline(time.Time{})
		address, err := netip.ParseAddrPort(target)
		if err != nil {
			return nil, err
		}
		if address.Addr() != netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
			return nil, fmt.Errorf("%s is not on 127.0.0.1", target)
		}
		return net.Dial("tcp4", address.String())
	})
}

// passKubelet leads a port of the machine to the kubelet API, which lives in the node's network.
func passKubelet(address, socket string) (net.Listener, error) {
	return serve("tcp4", address, func(net.Conn) (net.Conn, error) { return net.Dial("unix", socket) })
}

func serve(network, address string, dial func(client net.Conn) (net.Conn, error)) (net.Listener, error) {
	listener, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			client, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				fmt.Fprintf(os.Stderr, "podbox: %v\n", err)
				time.Sleep(acceptPause)
				continue
			}
			go pass(client, dial)
		}
	}()
	return listener, nil
}

// pass closes the client's connection if there is nobody to pass it on to.
func pass(client net.Conn, dial func(net.Conn) (net.Conn, error)) {
	server, err := dial(client)
	if err != nil {
		_ = client.Close()
		return
	}
	connection.Splice(client, server)
}
