package kubelet

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"idp/toolchain/podbox/container"
)

// fake is a Pod named like itself with one container of any name.
type fake struct {
	log   string
	isCRI bool
	runs  atomic.Bool
}

func (f *fake) Pod(namespace, name string) Pod {
	if namespace+"/"+name != "ns/pod" {
		return nil
	}
	return f
}

func (f *fake) Container(name string) Container {
	if name != "app" {
		return nil
	}
	return f
}

func (f *fake) Dial(context.Context, uint16) (net.Conn, error) { return nil, fmt.Errorf("no ports") }
func (f *fake) Log() (string, bool)                            { return f.log, f.isCRI }
func (f *fake) Runs() bool                                     { return f.runs.Load() }
func (f *fake) NewTerminal() (*container.Terminal, error)      { return nil, fmt.Errorf("no terminal") }
func (f *fake) Exec(context.Context, container.Command) (int, error) {
	return 0, fmt.Errorf("no commands")
}

func newFake(t *testing.T, isCRI bool, lines ...string) *fake {
	t.Helper()
	f := &fake{log: filepath.Join(t.TempDir(), "log"), isCRI: isCRI}
	f.add(t, lines...)
	return f
}

func (f *fake) add(t *testing.T, lines ...string) {
	t.Helper()
	file, err := os.OpenFile(f.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(file, strings.Join(lines, "")); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func (f *fake) get(path string) (int, string) {
	recorder := httptest.NewRecorder()
	Handler(f).ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
	return recorder.Code, recorder.Body.String()
}

func line(second int, tag, text string) string {
	return fmt.Sprintf("2026-11-01T10:00:%02d.5Z stdout %s %s\n", second, tag, text)
}

func TestLogs(t *testing.T) {
	cri := newFake(t, true, line(1, "F", "one"), line(2, "P", "tw"), line(3, "F", "o"), "broken\n", line(4, "F", "three 3"), line(5, "P", "cut"))
	plain := newFake(t, false, "one\n", "two\n", "cut")
	changed := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	if err := os.Chtimes(plain.log, changed, changed); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		log         *fake
		query, want string
	}{
		{cri, "", "one\ntwo\nthree 3\ncut"},
		{cri, "timestamps=true", "2026-11-01T10:00:01.500000000Z one\n2026-11-01T10:00:02.500000000Z two\n2026-11-01T10:00:04.500000000Z three 3\n2026-11-01T10:00:05.500000000Z cut"},
		{cri, "tailLines=2", "three 3\ncut"},
		{cri, "tailLines=0", ""},
		{cri, "tailLines=100", "one\ntwo\nthree 3\ncut"},
		{cri, "sinceTime=2026-11-01T10:00:04Z", "three 3\ncut"},
		{cri, "sinceSeconds=5", ""},
		{cri, "limitBytes=5", "one\nt"},
		{cri, "limitBytes=500", "one\ntwo\nthree 3\ncut"},
		{plain, "", "one\ntwo\ncut"},
		{plain, "tailLines=1", "cut"},
		{plain, "tailLines=2&timestamps=true", "2026-11-01T10:00:00.000000000Z two\n2026-11-01T10:00:00.000000000Z cut"},
		{plain, "sinceTime=2026-11-02T00:00:00Z", ""},
	} {
		if status, got := test.log.get("/containerLogs/ns/pod/app?" + test.query); status != 200 || got != test.want {
			t.Errorf("%s: %d %q, want %q", test.query, status, got, test.want)
		}
	}
}

func TestLogsRefuse(t *testing.T) {
	f := newFake(t, true)
	for path, want := range map[string]int{
		"ns/other/app": 404, "ns/pod/other": 404, "ns/pod/app?previous=true": 400, "ns/pod/app?tailLines=-1": 400, "ns/pod/app?tailLines=x": 400,
		"ns/pod/app?limitBytes=0": 400, "ns/pod/app?follow=maybe": 400, "ns/pod/app?sinceTime=today": 400,
		"ns/pod/app?sinceSeconds=1&sinceTime=2026-11-01T10:00:04Z": 400, "ns/pod/app?previous=false": 200,
	} {
		if status, text := f.get("/containerLogs/" + path); status != want {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}

func TestSeekTailOverBlocks(t *testing.T) {
	f := newFake(t, false)
	for i := range 3000 {
		f.add(t, fmt.Sprintf("%04d %s\n", i, strings.Repeat("x", i%90)))
	}
	for _, lines := range []int{1, 2, 1500, 2999, 3000} {
		_, text := f.get(fmt.Sprintf("/containerLogs/ns/pod/app?tailLines=%d", lines))
		if got := strings.Count(text, "\n"); got != lines || !strings.HasPrefix(text, fmt.Sprintf("%04d ", 3000-lines)) {
			t.Errorf("%d instead of %d: %.20q", got, lines, text)
		}
	}
}

func TestLogsFollow(t *testing.T) {
	f := newFake(t, true, line(1, "F", "one"))
	f.runs.Store(true)
	server := httptest.NewServer(Handler(f))
	defer server.Close()
	response, err := http.Get(server.URL + "/containerLogs/ns/pod/app?follow=true&tailLines=0")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	f.add(t, line(2, "F", "two"), "2026-11-01T10:00:03.5Z stdo")
	time.Sleep(2 * followInterval)
	f.add(t, "ut F three\n")
	if err := os.Rename(f.log, f.log+".1"); err != nil {
		t.Fatal(err)
	}
	f.add(t, line(4, "F", "rotated"))
	time.Sleep(2 * followInterval)
	f.runs.Store(false)
	f.add(t, line(5, "F", "last"))
	text, err := io.ReadAll(response.Body)
	if err != nil || string(text) != "two\nthree\nrotated\nlast\n" {
		t.Errorf("%q %v", text, err)
	}
}

func TestLogsFollowEndsWithTheClient(t *testing.T) {
	f := newFake(t, true, line(1, "F", "one"))
	f.runs.Store(true)
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		request := httptest.NewRequest("GET", "/containerLogs/ns/pod/app?follow=true", nil).WithContext(ctx)
		Handler(f).ServeHTTP(httptest.NewRecorder(), request)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("it follows without a reader")
	}
}

func TestParseLogOptions(t *testing.T) {
	now := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	options, err := parseLogOptions(url.Values{"sinceSeconds": {"60"}, "follow": {"true"}}, now)
	if err != nil || !options.since.Equal(now.Add(-time.Minute)) || !options.follow || options.tail != -1 || options.limit != -1 {
		t.Error(options, err)
	}
}
