// Command time-service says what time it is: GET /?zone=Europe/Lisbon.
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
	_ "time/tzdata" // the image has no other file than this program
)

// version is the image's tag, set by the linker: -X main.version=sha-3f2a9c1.
var version = "development"

// Kubernetes kills a Pod's processes 45 s after it asked them to end.
const stopLimit = 40 * time.Second

func main() {
	if err := run(); err != nil {
		slog.Error("time-service ended", "error", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	service := &service{now: time.Now}
	server := &http.Server{
		Addr:              ":" + cmp.Or(os.Getenv("PORT"), "1599"),
		Handler:           service.routes(),
		ReadHeaderTimeout: 5 * time.Second,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	slog.Info("time-service listens", "address", server.Addr, "version", version)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// Accepts no new requests, answers those under way.
	service.stopping.Store(true)
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

type service struct {
	now      func() time.Time
	stopping atomic.Bool
}

func (s *service) routes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", s.time)
	routes.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"version": version})
	})
	routes.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	routes.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		if s.stopping.Load() {
			reply(w, http.StatusServiceUnavailable, map[string]string{"status": "stopping"})
			return
		}
		reply(w, http.StatusOK, map[string]string{"status": "ready"})
	})
	return routes
}

func (s *service) time(w http.ResponseWriter, r *http.Request) {
	name := cmp.Or(r.URL.Query().Get("zone"), "UTC")
	zone, err := time.LoadLocation(name)
	// "Local" is the machine's own zone, which means nothing to a caller.
	if err != nil || name == "Local" {
		reply(w, http.StatusBadRequest, map[string]string{
			"error": "zone must be a name of the time zone database, such as Europe/Lisbon",
		})
		return
	}
	reply(w, http.StatusOK, map[string]string{
		"time":    s.now().In(zone).Format(time.RFC3339),
		"zone":    name,
		"version": version,
	})
}

func reply(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		slog.Warn("reply not sent", "error", err)
	}
}
