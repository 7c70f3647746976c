package kubelet

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const (
	certificateYears = 10
	// renewBefore is how long certificates must still be valid to be left as they are.
	renewBefore = 30 * 24 * time.Hour
)

// WriteCertificates writes ca.crt, client.crt, client.key (the API server's), server.crt and server.key (the kubelet API's
// own). It changes nothing if all five are there, fit together and are valid for 30 days. The CA's key is not kept, so
// they are only ever made together. Several processes may call it at the same time.
func WriteCertificates(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	lock, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", folder, err)
	}
	if areValid(folder) {
		return nil
	}
	made, err := makeCertificates(time.Now())
	if err != nil {
		return err
	}
	for name, content := range made {
		mode := os.FileMode(0o644)
		if filepath.Ext(name) == ".key" {
			mode = 0o600
		}
		draft := filepath.Join(folder, "."+name)
		if err := os.Remove(draft); err != nil && !os.IsNotExist(err) {
			return err
		}
		if err := os.WriteFile(draft, content, mode); err != nil {
			return err
		}
		if err := os.Rename(draft, filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

func areValid(folder string) bool {
	authority, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return false
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority) {
		return false
	}
	for name, use := range map[string]x509.ExtKeyUsage{"client": x509.ExtKeyUsageClientAuth, "server": x509.ExtKeyUsageServerAuth} {
		path := filepath.Join(folder, name)
		pair, err := tls.LoadX509KeyPair(path+".crt", path+".key")
		if err != nil {
			return false
		}
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{
			Roots: trusted, KeyUsages: []x509.ExtKeyUsage{use}, CurrentTime: time.Now().Add(renewBefore),
		}); err != nil {
			return false
		}
	}
	return true
}

// makeCertificates returns content by file name.
func makeCertificates(now time.Time) (map[string][]byte, error) {
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	// Clocks of a machine that was asleep are behind.
	from, to := now.Add(-time.Hour), now.AddDate(certificateYears, 0, 0)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "podbox"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	files := map[string][]byte{}
	if files["ca.crt"], err = sign(authority, authority, authorityKey.Public(), authorityKey); err != nil {
		return nil, err
	}
	for name, leaf := range map[string]*x509.Certificate{
		"client": {
			SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-apiserver-kubelet-client"},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		},
		"server": {
			SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "kubelet"}, DNSNames: []string{"localhost"},
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		},
	} {
		leaf.NotBefore, leaf.NotAfter, leaf.KeyUsage = from, to, x509.KeyUsageDigitalSignature
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		if files[name+".crt"], err = sign(leaf, authority, key.Public(), authorityKey); err != nil {
			return nil, err
		}
		encoded, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		files[name+".key"] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
	}
	return files, nil
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) ([]byte, error) {
	signed, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), nil
}
