package kubelet

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// followInterval is how often a log is looked at for more.
const followInterval = 200 * time.Millisecond

func (a api) logs(w http.ResponseWriter, r *http.Request) {
	c := a.container(w, r)
	if c == nil {
		return
	}
	options, err := parseLogOptions(r.URL.Query(), time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	path, isCRI := c.Log()
	file, err := os.Open(path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	l := &logReader{path: path, file: file, runs: c.Runs, printer: &printer{to: w, options: options, isCRI: isCRI, left: options.limit}}
	defer func() { _ = l.file.Close() }()
	w.Header().Set("Content-Type", "text/plain")
	// The header is out: an error can only end the answer.
	_ = l.copy(r.Context(), http.NewResponseController(w))
}

// logReader reads a log to its end and on.
type logReader struct {
	path    string
	file    *os.File
	runs    func() bool
	printer *printer
	line    []byte // that has not ended yet
}

func (l *logReader) copy(ctx context.Context, response *http.ResponseController) error {
	options := l.printer.options
	if info, err := l.file.Stat(); err == nil {
		l.printer.fallback = info.ModTime()
	}
	if options.tail >= 0 {
		if err := seekTail(l.file, options.tail); err != nil {
			return err
		}
	}
	reader := bufio.NewReader(l.file)
	for {
		// Asked before reading: what was written until the end is read below.
		isLast := !options.follow || !l.runs()
		next := l.rotated()
		if err := l.drain(reader); err != nil {
			return err
		}
		if next != nil {
			_ = l.file.Close()
			l.file = next
			reader.Reset(next)
			continue
		}
		if isLast {
			return l.printer.print(l.line)
		}
		if err := response.Flush(); err != nil {
			return err
		}
		l.printer.fallback = time.Time{}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followInterval):
		}
	}
}

// rotated returns the file that has taken the place of the one that is read, or nil.
func (l *logReader) rotated() *os.File {
	old, err := l.file.Stat()
	if err != nil {
		return nil
	}
	next, err := os.Open(l.path)
	if err != nil {
		return nil
	}
	if now, err := next.Stat(); err == nil && !os.SameFile(old, now) {
		return next
	}
	_ = next.Close()
	return nil
}

// drain prints all whole lines.
func (l *logReader) drain(reader *bufio.Reader) error {
	for {
		text, err := reader.ReadBytes('\n')
		l.line = append(l.line, text...)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := l.printer.print(l.line); err != nil {
			return err
		}
		l.line = l.line[:0]
	}
}

const tailBlock = 64 << 10

// seekTail goes to the beginning of the last lines of a file.
func seekTail(file *os.File, lines int64) error {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil || lines == 0 {
		return err
	}
	block := make([]byte, tailBlock)
	// The line break at the end of the file ends the last line; every other one before it begins one.
	for last := end - 1; end > 0; {
		begin := max(0, end-tailBlock)
		part := block[:end-begin]
		if _, err := file.ReadAt(part, begin); err != nil {
			return err
		}
		for {
			at := bytes.LastIndexByte(part, '\n')
			if at < 0 {
				break
			}
			if begin+int64(at) != last {
				if lines--; lines == 0 {
					_, err := file.Seek(begin+int64(at)+1, io.SeekStart)
					return err
				}
			}
			part = part[:at]
		}
		end = begin
	}
	_, err = file.Seek(0, io.SeekStart)
	return err
}
