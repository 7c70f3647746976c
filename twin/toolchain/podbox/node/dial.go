package node

import (
	"net"
	"net/http"
	"time"

	"idp/toolchain/podbox/connection"
)

const dialPatience = 2 * time.Second

// dial makes the request's connection one to an address of a Pod: GET /dial?to=10.245.0.7:1599.
func dial(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	if _, _, err := net.SplitHostPort(to); err != nil {
		http.Error(w, "to="+to+" is not <ip>:<port>", http.StatusBadRequest)
		return
	}
	server, err := net.DialTimeout("tcp4", to, dialPatience)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = server.Close()
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	const switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
	if _, err := client.Write([]byte(switched)); err != nil {
		_ = client.Close()
	}
	// What the client sent early is in the buffer already.
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	if _, err := server.Write(early); err != nil {
		_ = server.Close()
	}
	connection.Splice(client, server)
}
