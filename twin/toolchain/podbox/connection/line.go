package connection

import (
	"errors"
	"io"
)

const lineLimit = 200

// ReadLine reads a first line byte by byte: all that follows it is the connection's.
func ReadLine(from io.Reader) (string, error) {
	var line []byte
	for one := make([]byte, 1); len(line) < lineLimit; {
		if _, err := io.ReadFull(from, one); err != nil {
			return "", err
		}
		if one[0] == '\n' {
			return string(line), nil
		}
		line = append(line, one[0])
	}
	return "", errors.New("the first line is too long")
}
