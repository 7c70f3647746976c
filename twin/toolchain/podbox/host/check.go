package host

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// CheckFlag after the folder makes the hidden command [NodeCommand] try everything once and end.
const CheckFlag = "--check"

const checkPatience = 30 * time.Second

// Check runs one container in a scratch folder below a folder. The error is one sentence that says what this machine does
// not allow. It must be called from the process's first thread.
func Check(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(folder, "check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	scratch, err = filepath.Abs(scratch)
	if err != nil {
		return err
	}
	var said bytes.Buffer
	node := inNamespaces(NodeCommand, scratch, CheckFlag)
	node.Stdout, node.Stderr = &said, &said
	if err := node.Start(); err != nil {
		return explain(err)
	}
	late := time.AfterFunc(checkPatience, func() { _ = node.Process.Kill() })
	err = node.Wait()
	if !late.Stop() {
		return fmt.Errorf("the container of the check did not end within %v", checkPatience)
	}
	if err == nil {
		return nil
	}
	if reason := lastLine(said.String()); reason != "" {
		return errors.New(reason)
	}
	return fmt.Errorf("the node of the check ended: %w", err)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimPrefix(lines[len(lines)-1], "podbox: ")
}
