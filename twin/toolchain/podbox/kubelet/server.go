package kubelet

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Times of streams, as the kubelet's.
const (
	idlePatience   = 4 * time.Hour
	streamPatience = 30 * time.Second
)

// Serve serves the API on a unix socket, in the background. Clients need a certificate of the CA in the folder that
// [WriteCertificates] writes: any user of the machine may connect.
func Serve(socket, certificates string, pods Pods) error {
	settings, err := tlsSettings(certificates)
	if err != nil {
		return fmt.Errorf("certificates of the kubelet API: %w", err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:   Handler(pods),
		TLSConfig: settings,
		// Exec and port-forward take the connection over, which HTTP/2 does not allow.
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ReadHeaderTimeout: streamPatience,
		ErrorLog:          log.New(os.Stderr, "podbox: kubelet API: ", 0),
	}
	go func() {
		if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintf(os.Stderr, "podbox: the kubelet API ended: %v\n", err)
		}
	}()
	return nil
}

// Handler serves the API without checking who asks.
func Handler(pods Pods) http.Handler {
	a := api{pods}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", a.logs)
	// Websockets come as GET, SPDY as POST.
	for _, method := range []string{"GET", "POST"} {
		mux.HandleFunc(method+" /exec/{namespace}/{pod}/{container}", a.exec)
		mux.HandleFunc(method+" /portForward/{namespace}/{pod}", a.portForward)
	}
	return mux
}

type api struct{ pods Pods }

// pod answers the request itself if there is none.
func (a api) pod(w http.ResponseWriter, r *http.Request) Pod {
	namespace, name := r.PathValue("namespace"), r.PathValue("pod")
	found := a.pods.Pod(namespace, name)
	if found == nil {
		http.Error(w, fmt.Sprintf("Pod %s/%s does not run on this node", namespace, name), http.StatusNotFound)
	}
	return found
}

func (a api) container(w http.ResponseWriter, r *http.Request) Container {
	pod := a.pod(w, r)
	if pod == nil {
		return nil
	}
	found := pod.Container(r.PathValue("container"))
	if found == nil {
		http.Error(w, fmt.Sprintf("container %s of Pod %s has not started", r.PathValue("container"), r.PathValue("pod")), http.StatusNotFound)
	}
	return found
}

func tlsSettings(folder string) (*tls.Config, error) {
	own, err := tls.LoadX509KeyPair(filepath.Join(folder, "server.crt"), filepath.Join(folder, "server.key"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s/ca.crt contains no certificate", folder)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{own}, ClientCAs: trusted, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
	}, nil
}
