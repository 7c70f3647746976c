package container

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

const (
	// Limit of a log file, as the kubelet's containerLogMaxSize. Beyond it the file becomes <log>.1, and that is forgotten.
	logLimit = 10 << 20
	// Longer lines are written in parts, as containerd does.
	lineLimit = 16 << 10
)

// logFile writes lines in CRI format: `<RFC3339Nano> stdout|stderr F|P <line>`. P marks a part that the next one continues.
type logFile struct {
	mu    sync.Mutex
	path  string
	limit int64
	file  *os.File
	size  int64
}

func openLog(path string) (*logFile, error) {
	l := &logFile{path: path, limit: logLimit}
	return l, l.open()
}

func (l *logFile) open() error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	l.file, l.size = file, info.Size()
	return nil
}

func (l *logFile) write(stream string, part bool, line []byte) error {
	tag := "F"
	if part {
		tag = "P"
	}
	text := fmt.Appendf(nil, "%s %s %s %s\n", time.Now().UTC().Format(time.RFC3339Nano), stream, tag, line)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > 0 && l.size+int64(len(text)) > l.limit {
		if err := l.rotate(); err != nil {
			return err
		}
	}
	written, err := l.file.Write(text)
	l.size += int64(written)
	return err
}

func (l *logFile) rotate() error {
	if err := os.Rename(l.path, l.path+".1"); err != nil {
		return err
	}
	old := l.file
	if err := l.open(); err != nil {
		return err
	}
	return old.Close()
}

func (l *logFile) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.file.Close()
}

// copy writes a stream until it ends. An end without a line break is a part: its reader adds none.
func (l *logFile) copy(stream string, from io.Reader) {
	reader := bufio.NewReaderSize(from, lineLimit)
	var failed error
	for {
		line, err := reader.ReadSlice('\n')
		if isWhole := err == nil; isWhole || len(line) > 0 {
			if isWhole {
				line = line[:len(line)-1]
			}
			// The program must not stop because its log cannot be written: what it says is read and lost.
			if e := l.write(stream, !isWhole, line); e != nil && failed == nil {
				failed = e
				fmt.Fprintf(os.Stderr, "podbox: output is lost: %v\n", e)
			}
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// streams are the output of one container on its way to the log.
type streams struct {
	stdout, stderr *os.File
	copied         sync.WaitGroup
}

func (l *logFile) streams() (*streams, error) {
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	errRead, errWrite, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, outRead.Close(), outWrite.Close())
	}
	s := &streams{stdout: outWrite, stderr: errWrite}
	for stream, from := range map[string]*os.File{"stdout": outRead, "stderr": errRead} {
		s.copied.Go(func() {
			l.copy(stream, from)
			_ = from.Close()
		})
	}
	return s, nil
}

// closeWriters closes this process's ends: the streams end with the container's.
func (s *streams) closeWriters() { _ = errors.Join(s.stdout.Close(), s.stderr.Close()) }
