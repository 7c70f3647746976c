package kubelet

import (
	"bytes"
	"errors"
	"io"
	"time"
)

// outputTime is the kubelet's: nine digits, so that times of equal length sort.
const outputTime = "2006-01-02T15:04:05.000000000Z07:00"

// printer writes lines of a log as `kubectl logs` shows them.
type printer struct {
	to      io.Writer
	options logOptions
	isCRI   bool
	left    int64 // bytes; -1: any number
	// fallback is the time of lines without one: of the file's last change, since when is not known. Zero: now.
	fallback time.Time
	isInLine bool // the last part has not ended its line
}

// errLimit ends the output at limitBytes.
var errLimit = errors.New("limitBytes")

// print takes one line of the file with its line break, if it has one.
func (p *printer) print(line []byte) error {
	if len(line) == 0 {
		return nil
	}
	at, text := p.fallback, line
	if at.IsZero() {
		at = time.Now()
	}
	if p.isCRI {
		var ok bool
		if at, text, ok = parseCRI(line); !ok {
			return nil // cut off in the middle: the machine crashed
		}
	}
	if at.Before(p.options.since) {
		return nil
	}
	if p.options.timestamps && !p.isInLine {
		text = append([]byte(at.UTC().Format(outputTime)+" "), text...)
	}
	p.isInLine = !bytes.HasSuffix(text, []byte("\n"))
	if p.left >= 0 && int64(len(text)) >= p.left {
		_, err := p.to.Write(text[:p.left])
		p.left = 0
		return errors.Join(err, errLimit)
	}
	if p.left >= 0 {
		p.left -= int64(len(text))
	}
	_, err := p.to.Write(text)
	return err
}

// parseCRI returns the time and the text; only a whole line's ends in a line break.
func parseCRI(line []byte) (time.Time, []byte, bool) {
	fields := bytes.SplitN(line, []byte(" "), 4)
	if len(fields) < 4 || !bytes.HasSuffix(line, []byte("\n")) {
		return time.Time{}, nil, false
	}
	at, err := time.Parse(time.RFC3339Nano, string(fields[0]))
	if err != nil {
		return time.Time{}, nil, false
	}
	if string(fields[2]) == "P" {
		return at, bytes.TrimSuffix(fields[3], []byte("\n")), true
	}
	return at, fields[3], true
}
