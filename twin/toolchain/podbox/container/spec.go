package container

import (
	"errors"
	"fmt"
	"path/filepath"
)

// Spec is what a container is started with. All paths but a mount's target and Cwd are absolute paths of the machine.
type Spec struct {
	// Image is the folder of the unpacked image. It is never written to and may be shared.
	Image string `json:"image"`
	// Scratch is a folder of this container's own, for what it writes. Emptied before the start and after the end. It
	// cannot be on overlayfs or NFS.
	Scratch string `json:"scratch"`
	// Hostname has at most 64 characters.
	Hostname string   `json:"hostname"`
	Args     []string `json:"args"`
	// Env is the whole environment ("K=V"): nothing is added.
	Env []string `json:"env"`
	// Cwd is made if it does not exist. Default: "/".
	Cwd    string  `json:"cwd"`
	Mounts []Mount `json:"mounts"`
	// ReadOnlyRoot keeps mounts as writable as they are.
	ReadOnlyRoot bool `json:"readOnlyRoot"`
	// Log is the file to which the output is appended in CRI format.
	Log string `json:"log"`
	// MemoryLimitBytes ends the container when it uses more. 0: no limit.
	MemoryLimitBytes int64 `json:"memoryLimitBytes"`
}

// Mount is a file or folder of the machine in the container, or a tmpfs.
type Mount struct {
	// Source is a file or folder of the machine. Empty: a tmpfs.
	Source string `json:"source"`
	// Target is a path in the container. It is made if it does not exist; links in it are the container's.
	Target   string `json:"target"`
	ReadOnly bool   `json:"readOnly"`
	// SizeMiB limits a tmpfs. 0: half of the machine's memory, the kernel's default.
	SizeMiB int `json:"sizeMiB"`
}

const hostnameLimit = 64 // __NEW_UTS_LEN

func (s Spec) check() error {
	for _, path := range []struct{ name, value string }{{"image", s.Image}, {"scratch", s.Scratch}, {"log", s.Log}} {
		if !filepath.IsAbs(path.value) {
			return fmt.Errorf("%s is %q, not an absolute path of the machine", path.name, path.value)
		}
	}
	if len(s.Args) == 0 || s.Args[0] == "" {
		return errors.New("args is empty: neither the image nor the Pod says what to run")
	}
	if len(s.Hostname) > hostnameLimit {
		return fmt.Errorf("hostname %q has %d characters, the kernel allows %d", s.Hostname, len(s.Hostname), hostnameLimit)
	}
	if s.Cwd != "" && !filepath.IsAbs(s.Cwd) {
		return fmt.Errorf("cwd %q is not an absolute path", s.Cwd)
	}
	for _, mount := range s.Mounts {
		if !filepath.IsAbs(mount.Target) || filepath.Clean(mount.Target) == "/" {
			return fmt.Errorf("mount target %q is not an absolute path below /", mount.Target)
		}
		if mount.Source != "" && !filepath.IsAbs(mount.Source) {
			return fmt.Errorf("mount source %q is not an absolute path of the machine", mount.Source)
		}
	}
	return nil
}
