package container

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Thread runs tasks on one thread of the system that never ends. A parent-death signal is sent when the *thread* that
// started a process ends, and Go ends and reuses threads as it likes: a container whose thread ended would be killed.
type Thread struct {
	tasks chan func()
	net   int // network namespace of this process
}

// NewThread starts the thread in the namespaces of this process.
func NewThread() (*Thread, error) {
	net, err := openNamespace("/proc/self/ns/net")
	if err != nil {
		return nil, err
	}
	t := &Thread{tasks: make(chan func()), net: net}
	go func() {
		runtime.LockOSThread()
		for task := range t.tasks {
			task()
		}
	}()
	return t, nil
}

// Do runs a task on the thread.
func (t *Thread) Do(task func() error) error {
	done := make(chan error)
	t.tasks <- func() { done <- task() }
	return <-done
}

// NewNetwork returns a descriptor of a new network namespace. Any user may listen on all its ports, as containerd allows.
func (t *Thread) NewNetwork() (int, error) {
	made := -1
	err := t.Do(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("new network namespace: %w", err)
		}
		defer back(t.net, unix.CLONE_NEWNET)
		var err error
		if made, err = openNamespace("/proc/thread-self/ns/net"); err != nil {
			return err
		}
		return writeSysctl("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")
	})
	if err != nil && made >= 0 {
		_ = unix.Close(made)
	}
	return made, err
}

// inNetwork runs a task on the thread while that is in a network namespace.
func (t *Thread) inNetwork(network int, task func() error) error {
	return t.Do(func() error {
		if err := unix.Setns(network, unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter the Pod's network: %w", err)
		}
		defer back(t.net, unix.CLONE_NEWNET)
		return task()
	})
}

// amongProcesses runs a task on a thread of its own; what it starts is in the process namespace of a running process. That
// thread ends with the task: the way back is closed, because the machine's process namespace is not this user's.
// So what it starts must not have a parent-death signal.
func amongProcesses(process int, task func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked, so that no other goroutine gets this thread
		if err := unix.Setns(process, unix.CLONE_NEWPID); err != nil {
			done <- fmt.Errorf("enter the container's process namespace: %w", err)
			return
		}
		done <- task()
	}()
	return <-done
}

// back returns to the namespace of this process. A thread that is lost in a Pod would start the next container there.
func back(namespace, kind int) {
	if err := unix.Setns(namespace, kind); err != nil {
		panic(fmt.Sprintf("podbox: cannot leave a Pod's namespace: %v", err))
	}
}

func openNamespace(path string) (int, error) {
	descriptor, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("%s: %w", path, err)
	}
	return descriptor, nil
}

func writeSysctl(path, value string) error {
	descriptor, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer unix.Close(descriptor)
	if _, err := unix.Write(descriptor, []byte(value)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
