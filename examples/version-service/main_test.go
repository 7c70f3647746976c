package main

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

func TestRoutes(t *testing.T) {
	for _, test := range []struct {
		name, method, path string
		stopping           bool
		status             int
		body               string
	}{
		{"version", "GET", "/", false, 200, `{"version":"development"}`},
		{"alive", "GET", "/health", false, 200, `{"status":"ok"}`},
		{"ready", "GET", "/ready", false, 200, `{"status":"ready"}`},
		{"alive while stopping", "GET", "/health", true, 200, `{"status":"ok"}`},
		{"not ready while stopping", "GET", "/ready", true, 503, `{"status":"stopping"}`},
		{"unknown path", "GET", "/nothing", false, 404, "404 page not found"},
		{"other method", "POST", "/", false, 405, "Method Not Allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stopping atomic.Bool
			stopping.Store(test.stopping)
			recorder := httptest.NewRecorder()
			routes(&stopping).ServeHTTP(recorder, httptest.NewRequest(test.method, test.path, http.NoBody))
			if recorder.Code != test.status || recorder.Body.String() != test.body+"\n" {
				t.Errorf("%d %q, not %d %q", recorder.Code, recorder.Body, test.status, test.body)
			}
		})
	}
}
