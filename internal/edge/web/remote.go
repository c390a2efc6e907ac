package web

import (
	"net/http"
	"time"
)

// unreached answers a request that was not sent on, because the region of its home cannot be
// reached from here. Its text is a promise: the client may send the request again, even one
// that is not idempotent.
func (j *job) unreached(w http.ResponseWriter) {
	p := problem{Status: http.StatusServiceUnavailable, Region: j.shape.spec.Remote}
	for _, t := range j.shape.targets {
		p.Since = t.failing().UTC().Truncate(time.Second)
	}
	since := ""
	if !p.Since.IsZero() {
		since = " since " + p.Since.Format(time.RFC3339)
	}
	p.Detail = p.Region + ", which serves this customer, is not reached from " + j.service.region + since +
		": nothing of the request was sent there, and nothing was done. It is looked for all the time; try again"
	j.explain(w, p)
}

// failing is when the probes of the target began to fail; zero while they do not.
func (t *target) failing() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.health.Failing()
}
