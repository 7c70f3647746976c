// Command version-service says which version of it runs: GET /.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// version is the image's tag, set by the linker: -X main.version=sha-7be04d2.
var version = "development"

// Kubernetes kills a Pod's processes 45 s after it asked them to end.
const stopLimit = 40 * time.Second

func main() {
	if err := run(); err != nil {
		slog.Error("version-service ended", "error", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	var stopping atomic.Bool
	server := &http.Server{
		Addr:              ":" + cmp.Or(os.Getenv("PORT"), "8080"),
		Handler:           routes(&stopping),
		ReadHeaderTimeout: 5 * time.Second,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	slog.Info("version-service listens", "address", server.Addr, "version", version)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// Accepts no new requests, answers those under way.
	stopping.Store(true)
	limited, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		return err
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func routes(stopping *atomic.Bool) http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, "version", version)
	})
	routes.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, "status", "ok")
	})
	routes.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		if stopping.Load() {
			reply(w, http.StatusServiceUnavailable, "status", "stopping")
			return
		}
		reply(w, http.StatusOK, "status", "ready")
	})
	return routes
}

func reply(w http.ResponseWriter, status int, key, value string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(map[string]string{key: value}); err != nil {
		slog.Warn("reply not sent", "error", err)
	}
}
