package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain makes the test program three: podbox, what runs in the tests' containers, and the tests.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "probe" {
		os.Exit(probe(os.Args[2:]))
	}
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// facts are what a container's program sees.
type facts struct {
	Args      []string
	Env       []string
	Cwd       string
	Host      string
	UID, GID  int
	PID       int
	Processes []string
	Status    map[string]string
}

// probe runs in containers.
func probe(args []string) int {
	switch args[0] {
	case "facts":
		return report(args)
	case "exit":
		code, _ := strconv.Atoi(args[1])
		return code
	case "say":
		fmt.Println(args[1])
		fmt.Fprintln(os.Stderr, args[2])
		fmt.Print("no end")
	case "long":
		fmt.Println(strings.Repeat("x", 20<<10))
	case "read":
		text, err := os.ReadFile(args[1])
		if err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Print(string(text))
	case "write":
		if err := os.WriteFile(args[1], []byte("written"), 0o600); err != nil {
			fmt.Println(err)
			return 1
		}
	case "fill":
		err := os.WriteFile(args[1], make([]byte, 2<<20), 0o600)
		fmt.Println(err)
	case "lock":
		_ = os.MkdirAll("/locked/inner", 0o700)
		_ = os.Chmod("/locked", 0)
	case "mount":
		fmt.Println(syscall.Mount("none", "/tmp", "tmpfs", 0, ""))
	case "wait":
		fmt.Println("ready")
		time.Sleep(time.Hour)
	case "stop":
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		fmt.Println("ready")
		<-stop
		return 5
	case "child":
		child := exec.Command("/app", append([]string{"probe"}, args[1:]...)...)
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			fmt.Println(err)
			return 1
		}
		time.Sleep(time.Hour)
	case "background":
		child := exec.Command("/app", "probe", "wait")
		child.Stdout = os.Stdout
		fmt.Println(child.Start())
	case "memory":
		mebibytes, _ := strconv.Atoi(args[1])
		all := make([]byte, mebibytes<<20)
		for i := range all {
			all[i] = 1
		}
		fmt.Println("ready")
		time.Sleep(time.Hour)
		_ = all[0]
	case "burn":
		fmt.Println("ready")
		for {
		}
	case "echo":
		_, _ = io.Copy(os.Stdout, os.Stdin)
	case "terminal":
		name, err := os.Readlink("/proc/self/fd/0")
		fmt.Println(name, err)
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		fmt.Print("typed ", line)
		return 4
	case "serve":
		return serve(args[1])
	}
	return 0
}

func report(args []string) int {
	f := facts{Args: args, Env: os.Environ(), UID: os.Getuid(), GID: os.Getgid(), PID: os.Getpid(), Status: map[string]string{}}
	f.Cwd, _ = os.Getwd()
	f.Host, _ = os.Hostname()
	f.Processes, _ = filepath.Glob("/proc/[0-9]*")
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			f.Status[name] = strings.TrimSpace(value)
		}
	}
	_ = json.NewEncoder(os.Stdout).Encode(f)
	return 0
}

func serve(address string) int {
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	for {
		c, err := listener.Accept()
		if err != nil {
			return 1
		}
		go func() {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}()
	}
}
