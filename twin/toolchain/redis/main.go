// Command redis-server serves the redis protocol from memory for one machine's Argo CD, which keeps only a cache there.
// It is miniredis, the server that Argo CD's own tests run against.
//
// The password comes from the environment (REDIS_PASSWORD), never from the command line, where any user of the machine
// could read it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// miniredis lets time-to-live values run only when told to, so this program tells it once a tick.
const tick = time.Second

func main() {
	address := flag.String("address", "127.0.0.1:6379", "loopback address and port to listen on")
	flag.Parse()
	if err := serve(*address, os.Getenv("REDIS_PASSWORD")); err != nil {
		fmt.Fprintln(os.Stderr, "redis-server:", err)
		os.Exit(1)
	}
}

func serve(address, password string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("-address %q is not host:port: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("-address %q is not a loopback address; use 127.0.0.1:<port>", address)
	}
	if password == "" {
		return errors.New("REDIS_PASSWORD is not set; this server does not run without a password")
	}

	server := miniredis.NewMiniRedis()
	server.RequireAuth(password)
	if err := server.StartAddr(address); err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	defer server.Close()
	fmt.Println("ready on", server.Addr())

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			server.FastForward(tick)
		case <-stop:
			return nil
		}
	}
}
