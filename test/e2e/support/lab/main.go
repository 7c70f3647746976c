// Command lab is a service that misbehaves as its environment says: what the end-to-end tests of containers run.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// version is the image's tag.
var version = "development"

func main() {
	if len(os.Args) == 3 && os.Args[1] == "exit" {
		fmt.Println("a command in the container")
		number, _ := strconv.Atoi(os.Args[2])
		os.Exit(number)
	}
	if code := os.Getenv("EXIT"); code != "" {
		fmt.Println("ends with", code)
		number, _ := strconv.Atoi(code)
		os.Exit(number)
	}
	time.Sleep(seconds("SLOW_START"))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		// Requests under way are answered.
		time.Sleep(time.Second)
		os.Exit(0)
	}()
	log.Fatal(http.ListenAndServe(":"+cmp.Or(os.Getenv("PORT"), "8080"), routes()))
}

func routes() http.Handler {
	var hangs atomic.Bool
	host, _ := os.Hostname()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		caller, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintln(w, version, host, caller)
	})
	// Who it is, what it may, and where it can write.
	mux.HandleFunc("GET /self", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "uid", os.Getuid())
		status, _ := os.ReadFile("/proc/self/status")
		for _, line := range strings.Split(string(status), "\n") {
			if strings.HasPrefix(line, "Cap") || strings.HasPrefix(line, "NoNewPrivs") {
				fmt.Fprintln(w, strings.Join(strings.Fields(line), " "))
			}
		}
		for _, folder := range []string{"/", "/tmp"} {
			err := os.WriteFile(folder+"/try", nil, 0o600)
			fmt.Fprintln(w, folder, "is writable:", err == nil)
		}
		processes, _ := os.ReadDir("/proc")
		for _, entry := range processes {
			if _, err := strconv.Atoi(entry.Name()); err == nil {
				fmt.Fprintln(w, "process", entry.Name())
			}
		}
	})
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		if os.Getenv("NEVER_READY") != "" {
			http.Error(w, "never ready", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /health", func(_ http.ResponseWriter, r *http.Request) {
		if hangs.Load() {
			<-r.Context().Done()
		}
	})
	mux.HandleFunc("POST /hang", func(http.ResponseWriter, *http.Request) { hangs.Store(true) })
	mux.HandleFunc("POST /exit", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	// What a call from here to another place gives: its answer's first line, or how it failed.
	mux.HandleFunc("GET /call", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, call(r.Context(), r.URL.Query().Get("url")))
	})
	mux.HandleFunc("GET /resolve", func(w http.ResponseWriter, r *http.Request) {
		addresses, err := net.DefaultResolver.LookupHost(r.Context(), r.URL.Query().Get("name"))
		if err != nil {
			fmt.Fprintln(w, "failed:", err)
			return
		}
		fmt.Fprintln(w, strings.Join(addresses, " "))
	})
	// Keeps a core busy for that many seconds.
	mux.HandleFunc("POST /burn", func(_ http.ResponseWriter, r *http.Request) {
		length, _ := strconv.Atoi(r.URL.Query().Get("seconds"))
		go func() {
			for end := time.Now().Add(time.Duration(length) * time.Second); time.Now().Before(end); {
			}
		}()
	})
	// Takes that much memory.
	mux.HandleFunc("POST /eat", func(_ http.ResponseWriter, r *http.Request) {
		mebibytes, _ := strconv.Atoi(r.URL.Query().Get("mebibytes"))
		taken := make([]byte, mebibytes<<20)
		for at := 0; at < len(taken); at += 4096 {
			taken[at] = 1
		}
		eaten = append(eaten, taken)
	})
	mux.HandleFunc("POST /say", func(_ http.ResponseWriter, r *http.Request) {
		words, _ := io.ReadAll(r.Body)
		fmt.Println(string(words))
	})
	return mux
}

var eaten [][]byte

func call(ctx context.Context, url string) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "failed: " + err.Error()
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "failed: " + err.Error()
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	line, _, _ := strings.Cut(string(answer), "\n")
	return strings.TrimSpace(line)
}

func seconds(name string) time.Duration {
	number, _ := strconv.Atoi(os.Getenv(name))
	return time.Duration(number) * time.Second
}
