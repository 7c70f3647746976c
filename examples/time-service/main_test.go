package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestRoutes(t *testing.T) {
	noon := time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name, method, path string
		stopping           bool
		status             int
		body               string
	}{
		{"time in UTC", "GET", "/", false, 200, `{"time":"2026-07-01T12:00:00Z","version":"development","zone":"UTC"}`},
		{"time in a zone", "GET", "/?zone=Europe/Lisbon", false, 200, `{"time":"2026-07-01T13:00:00+01:00","version":"development","zone":"Europe/Lisbon"}`},
		{"unknown zone", "GET", "/?zone=Mars/Olympus", false, 400, `{"error":"zone must be a name of the time zone database, such as Europe/Lisbon"}`},
		{"the machine's zone", "GET", "/?zone=Local", false, 400, `{"error":"zone must be a name of the time zone database, such as Europe/Lisbon"}`},
		{"a path as zone", "GET", "/?zone=../../etc/passwd", false, 400, `{"error":"zone must be a name of the time zone database, such as Europe/Lisbon"}`},
		{"version", "GET", "/version", false, 200, `{"version":"development"}`},
		{"alive", "GET", "/health", false, 200, `{"status":"ok"}`},
		{"ready", "GET", "/ready", false, 200, `{"status":"ready"}`},
		{"alive while stopping", "GET", "/health", true, 200, `{"status":"ok"}`},
		{"not ready while stopping", "GET", "/ready", true, 503, `{"status":"stopping"}`},
		{"unknown path", "GET", "/nothing", false, 404, "404 page not found"},
		{"other method", "POST", "/", false, 405, "Method Not Allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			service := &service{now: func() time.Time { return noon }}
			service.stopping.Store(test.stopping)
			recorder := httptest.NewRecorder()
			service.routes().ServeHTTP(recorder, httptest.NewRequest(test.method, test.path, http.NoBody))
			if recorder.Code != test.status || recorder.Body.String() != test.body+"\n" {
				t.Errorf("%d %q, not %d %q", recorder.Code, recorder.Body, test.status, test.body)
			}
		})
	}
}
