package container

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Descriptors of a child: what it is to do, and where it says why it cannot. The latter is closed by a successful exec.
const (
	requestDescriptor = 3
	failureDescriptor = 4
	processDescriptor = 5 // only of exec: a pidfd of the container
)

// request is what this program tells a child of its own that becomes a program of a container.
type request struct {
	body           []byte
	read, write    *os.File
	failed, report *os.File
}

func newRequest(content any) (*request, error) {
	body, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	r := &request{body: body}
	if r.read, r.write, err = os.Pipe(); err != nil {
		return nil, err
	}
	if r.failed, r.report, err = os.Pipe(); err != nil {
		_ = errors.Join(r.read.Close(), r.write.Close())
		return nil, err
	}
	return r, nil
}

// command returns this program with one of its hidden commands.
func (r *request) command(name string) *exec.Cmd {
	command := exec.Command("/proc/self/exe", name)
	command.Env = []string{"GOMAXPROCS=1"}
	command.ExtraFiles = []*os.File{r.read, r.report}
	return command
}

// failure sends the content to the started child and returns what it says instead of becoming the program.
func (r *request) failure() error {
	defer r.close()
	_ = errors.Join(r.read.Close(), r.report.Close())
	// A child that was killed does not read: its end is seen below.
	_, _ = r.write.Write(r.body)
	_ = r.write.Close()
	text, err := io.ReadAll(r.failed)
	if err != nil {
		return err
	}
	if len(text) > 0 {
		return errors.New(strings.TrimSpace(string(text)))
	}
	return nil
}

func (r *request) close() {
	for _, file := range []*os.File{r.read, r.write, r.failed, r.report} {
		_ = file.Close()
	}
}

// receive is the child's side: it reads the content and runs what only returns to report an error.
func receive[Content any](become func(Content) error) error {
	for descriptor := requestDescriptor; descriptor <= processDescriptor; descriptor++ {
		syscall.CloseOnExec(descriptor)
	}
	report := os.NewFile(failureDescriptor, "failure")
	var content Content
	err := json.NewDecoder(os.NewFile(requestDescriptor, "request")).Decode(&content)
	if err == nil {
		err = become(content)
	}
	_, _ = io.WriteString(report, err.Error())
	return err
}

// AllCapabilities are those that the running kernel knows: it may know others than golang.org/x/sys.
func AllCapabilities() []uintptr {
	var all []uintptr
	for capability := uintptr(0); ; capability++ {
		if _, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, capability, 0, 0, 0); err != nil {
			return all
		}
		all = append(all, capability)
	}
}
