package node

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"idp/toolchain/podbox/container"
)

const (
	checkedPod     = "check"
	checkedAddress = "10.245.0.1"
	checkedCommand = "help"
)

// Check runs one container of this program itself in a folder.
func (n *Node) Check(folder string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	image := filepath.Join(folder, "image")
	if err := os.Mkdir(image, 0o755); err != nil {
		return err
	}
	if err := n.addPod(checkedPod, Pod{Namespace: checkedPod, Name: checkedPod, IP: checkedAddress}); err != nil {
		return err
	}
	defer n.removePod(checkedPod)
	log := filepath.Join(folder, "log")
	c, err := n.start(checkedPod, checkedPod, container.Spec{
		Image: image, Scratch: filepath.Join(folder, "scratch"), Hostname: checkedPod, ReadOnlyRoot: true, Log: log,
		Args:   []string{"/podbox", checkedCommand},
		Mounts: []container.Mount{{Source: program, Target: "/podbox", ReadOnly: true}, {Target: "/tmp", SizeMiB: 1}},
	})
	if err != nil {
		return err
	}
	exit := c.Exit()
	text, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	if exit.Code != 0 || !bytes.Contains(text, []byte("podbox")) {
		return fmt.Errorf("the container of the check ended with %d: %q", exit.Code, text)
	}
	return nil
}
