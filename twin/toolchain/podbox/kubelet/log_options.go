package kubelet

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// logOptions are those of `kubectl logs`: PodLogOptions of Kubernetes' API.
type logOptions struct {
	follow, timestamps bool
	since              time.Time // zero: all
	tail               int64     // lines; -1: all
	limit              int64     // bytes; -1: none
}

func parseLogOptions(query url.Values, now time.Time) (logOptions, error) {
	options := logOptions{tail: -1, limit: -1}
	previous := false
	for name, to := range map[string]*bool{"follow": &options.follow, "timestamps": &options.timestamps, "previous": &previous} {
		if text := query.Get(name); text != "" {
			value, err := strconv.ParseBool(text)
			if err != nil {
				return options, fmt.Errorf("%s=%s is neither true nor false", name, text)
			}
			*to = value
		}
	}
	if previous {
		return options, fmt.Errorf("previous=true: logs of earlier containers are not kept")
	}
	seconds := int64(0)
	for _, number := range []struct {
		name  string
		to    *int64
		least int64
	}{{"tailLines", &options.tail, 0}, {"limitBytes", &options.limit, 1}, {"sinceSeconds", &seconds, 1}} {
		if text := query.Get(number.name); text != "" {
			value, err := strconv.ParseInt(text, 10, 64)
			if err != nil || value < number.least {
				return options, fmt.Errorf("%s=%s is not a number of at least %d", number.name, text, number.least)
			}
			*number.to = value
		}
	}
	if seconds > 0 {
		options.since = now.Add(-time.Duration(seconds) * time.Second)
	}
	if text := query.Get("sinceTime"); text != "" {
		if seconds > 0 {
			return options, fmt.Errorf("sinceTime and sinceSeconds exclude each other")
		}
		since, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return options, fmt.Errorf("sinceTime=%s is not a time like 2006-01-02T15:04:05Z", text)
		}
		options.since = since
	}
	return options, nil
}
