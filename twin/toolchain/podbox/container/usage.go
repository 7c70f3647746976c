package container

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// clockTicks is USER_HZ, 100 on every architecture that Go runs on.
const clockTicks = 100

// Usage is what all processes of a container use.
type Usage struct {
	// CPUSeconds since its start, children that ended included.
	CPUSeconds float64 `json:"cpuSeconds"`
	// MemoryBytes is the proportional set size: a page that n processes share counts 1/n in each.
	MemoryBytes int64 `json:"memoryBytes"`
}

// Processes are the process numbers of all containers of a machine at one moment, by process namespace.
type Processes map[string][]int

// FindProcesses reads /proc once for all containers.
func FindProcesses() (Processes, error) {
	namespaces, err := filepath.Glob("/proc/[0-9]*/ns/pid")
	if err != nil {
		return nil, err
	}
	found := Processes{}
	for _, path := range namespaces {
		// Processes of others cannot be read, and any may end now.
		namespace, err := os.Readlink(path)
		if err != nil {
			continue
		}
		if process, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))); err == nil {
			found[namespace] = append(found[namespace], process)
		}
	}
	return found, nil
}

// Usage adds up what the container's processes use. What cannot be read, because it ends now, counts nothing.
func (c *Container) Usage(processes Processes) Usage {
	c.mu.Lock()
	cpu := c.used
	c.mu.Unlock()
	var memory int64
	for _, process := range processes[c.tasks] {
		cpu += processTime(process)
		memory += rollup(process, "Pss")
	}
	return Usage{CPUSeconds: cpu.Seconds(), MemoryBytes: memory}
}

// EnforceLimit ends the container if it uses more memory than its limit. Only what the kernel cannot take back counts:
// anonymous and shared memory, not the pages of files.
func (c *Container) EnforceLimit(processes Processes) {
	limit := c.Spec.MemoryLimitBytes
	if limit <= 0 || !c.Runs() {
		return
	}
	// Resident pages are cheap to read. The kernel counts them late, so a container may be ended a moment later.
	var most, memory int64
	for _, process := range processes[c.tasks] {
		most += residentBytes(process)
	}
	if most <= limit {
		return
	}
	for _, process := range processes[c.tasks] {
		memory += rollup(process, "Pss_Anon") + rollup(process, "Pss_Shmem")
	}
	if memory > limit {
		c.oom.Store(true)
		_ = c.Signal(syscall.SIGKILL)
	}
}

// processTime is the CPU time of a process and of its children that it waited for: fields 14 to 17 of proc_pid_stat(5).
func processTime(process int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return 0
	}
	return parseTime(text)
}

func parseTime(stat []byte) time.Duration {
	// The name in brackets may contain anything, brackets and spaces too. Field 3 follows it.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const first, last = 14 - 3, 17 - 3
	if len(fields) <= last {
		return 0
	}
	var ticks int64
	for _, field := range fields[first : last+1] {
		value, _ := strconv.ParseInt(string(field), 10, 64)
		ticks += value
	}
	return time.Duration(ticks) * time.Second / clockTicks
}

// residentBytes may lack the pages of the last moment: proc_pid_statm(5) calls it inaccurate.
func residentBytes(process int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", process))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize())
}

// rollup reads one line of /proc/<n>/smaps_rollup, in bytes.
func rollup(process int, name string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", process))
	if err != nil {
		return 0
	}
	return parseRollup(text, name)
}

func parseRollup(text []byte, name string) int64 {
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte(name+":")); ok {
			kibibytes, _ := strconv.ParseInt(string(bytes.Fields(value)[0]), 10, 64)
			return kibibytes << 10
		}
	}
	return 0
}
