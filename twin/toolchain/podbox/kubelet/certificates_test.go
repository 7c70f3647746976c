package kubelet

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"
)

func read(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[entry.Name()] = string(text)
	}
	return found
}

func TestCertificates(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	write := func() map[string]string {
		t.Helper()
		if err := WriteCertificates(folder); err != nil {
			t.Fatal(err)
		}
		return read(t, folder)
	}
	first := write()
	if names := slices.Sorted(maps.Keys(first)); !reflect.DeepEqual(names, []string{"ca.crt", "client.crt", "client.key", "server.crt", "server.key"}) {
		t.Fatal(names)
	}
	for _, name := range []string{"client.key", "server.key"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Mode() != 0o600 {
			t.Error(name, info, err)
		}
	}
	pair, err := tls.X509KeyPair([]byte(first["server.crt"]), []byte(first["server.key"]))
	if err != nil {
		t.Fatal(err)
	}
	if pair.Leaf.PublicKeyAlgorithm != x509.ECDSA || pair.Leaf.NotAfter.Before(time.Now().AddDate(9, 11, 0)) || pair.Leaf.VerifyHostname("127.0.0.1") != nil {
		t.Error(pair.Leaf)
	}

	if again := write(); !reflect.DeepEqual(again, first) {
		t.Error("what was there has changed")
	}
	for name := range first {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
		if write(); !areValid(folder) {
			t.Error("they do not fit together without", name)
		}
	}
	// A pair of another CA.
	for _, name := range []string{"client.crt", "client.key"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(first[name]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if areValid(folder) {
		t.Error("a certificate of another CA is valid")
	}
	if write(); !areValid(folder) {
		t.Error("they do not fit together")
	}
}

func TestCertificatesAreRenewed(t *testing.T) {
	folder := t.TempDir()
	old, err := makeCertificates(time.Now().AddDate(-certificateYears, 0, 20))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range old {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteCertificates(folder); err != nil {
		t.Fatal(err)
	}
	if !areValid(folder) || read(t, folder)["ca.crt"] == string(old["ca.crt"]) {
		t.Error("they end in 20 days and stay")
	}
}
