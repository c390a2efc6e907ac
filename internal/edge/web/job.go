package web

import (
	"context"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/edge/decide"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/edge/tally"
	"github.com/greenlang/fournines/kit/cell"
)

// job is one request of a client with all its tries.
type job struct {
	service  *Service
	shape    *shape
	ctx      context.Context
	began    time.Time
	deadline time.Time // for the head of the answer
	safe     bool      // may be sent again although a target saw it
	tried    uint64    // bit per index in shape.targets
	tries    int       // that may have reached a target
	sample   tally.Sample
	quiet    bool // no customer's, or counted by the edge that sent it on
}

func (s *Service) begin(r *http.Request) *job {
	h := s.shape.Load()
	now := s.deps.Now()
	j := &job{
		service: s, shape: h, ctx: r.Context(), began: now,
		deadline: now.Add(h.policy.total), safe: repeatable(r),
	}
	j.sample.Service = s.label
	j.sample.Cell = cellOf(r.Header, h.cells, h.header)
	before := len(r.Header[Via])
	if h.spec.Remote != "" {
		before-- // that is us
	}
	j.quiet = before > 0 || checks(h.spec.HealthPath, r)
	s.budgetLock.Lock()
	s.budget.Request(now)
	s.budgetLock.Unlock()
	return j
}

func (j *job) end() {
	now := j.service.deps.Now()
	j.sample.Latency = now.Sub(j.began)
	if j.tries > 1 {
		j.sample.Retried = uint32(j.tries - 1)
	}
	if !j.quiet {
		j.service.deps.Tally.Add(&j.sample, now)
	}
}

// candidates lists the pool as the choice sees it.
func (j *job) candidates(into []decide.Candidate, now time.Time) (pool []decide.Candidate, ejected bool) {
	for i, t := range j.shape.targets {
		c := t.candidate(&j.shape.policy, now)
		c.Tried = j.tried&(1<<i) != 0
		ejected = ejected || c.Ejected
		into = append(into, c)
	}
	return into, ejected
}

// pick chooses the target of the next try; nil when there is none left.
func (j *job) pick(now time.Time) (*target, decide.Permit) {
	for {
		var room [16]decide.Candidate
		pool, ejected := j.candidates(room[:0], now)
		all := ejected && decide.Panicking(pool)
		j.service.notePanic(all, now)
		i := decide.Choose(pool, j.service.deps.Rand())
		if i < 0 {
			return nil, decide.Permit{}
		}
		j.tried |= 1 << i
		t := j.shape.targets[i]
		if permit, ok := t.admit(now); ok || all {
			t.inflight.Add(1)
			return t, permit
		}
	}
}

// other says whether a target is left for one more try.
func (j *job) other(now time.Time) bool {
	var room [16]decide.Candidate
	pool, _ := j.candidates(room[:0], now)
	return decide.Choose(pool, 0) >= 0
}

// limit is when the present try must have its answer: early when the request
// can go elsewhere, so that a hung target does not hang its clients.
func (j *job) limit(now time.Time) time.Time {
	p := &j.shape.policy
	try := now.Add(p.try)
	if !j.safe || j.tries >= p.tries || len(j.shape.targets) == 1 || try.After(j.deadline) {
		return j.deadline
	}
	return try
}

// again decides whether the request is sent once more after o. A request that never reached
// a target needs no budget.
func (j *job) again(o *outcome, now time.Time) bool {
	if j.ctx.Err() != nil || o.how == canceled || !now.Before(j.deadline) {
		return false
	}
	if o.unsent {
		return j.other(now)
	}
	if !j.safe || j.tries >= j.shape.policy.tries || (o.how == answered && !passing(o.status)) {
		return false
	}
	if !j.other(now) {
		return false
	}
	s := j.service
	s.budgetLock.Lock()
	defer s.budgetLock.Unlock()
	return s.budget.Retry(now)
}

// note counts the outcome of a try and tells the target's breaker.
func (j *job) note(t *target, permit decide.Permit, o *outcome, now time.Time) {
	if !o.unsent {
		j.tries++
	}
	switch {
	case o.how == local, o.how == refused:
		j.sample.Local++
	case o.how == broken, o.how == slow, o.how == answered && serverFault(o.status):
		j.sample.Upstream++
	}
	j.sample.Target = t.name
	j.service.deps.Descriptors.Saw(o.err)
	t.learn(&j.shape.policy, permit, o, now)
}

func (s *Service) notePanic(all bool, now time.Time) {
	if s.panicking.Load() == all || !s.panicking.CompareAndSwap(!all, all) {
		return
	}
	kind := event.PanicEnded
	if all {
		kind = event.PanicBegan
	}
	s.deps.Events(event.Event{At: now, Kind: kind, Service: s.name, Detail: "more than half of the pool would be ejected"})
}

// checks tells whether a request is a check of health, and so nobody's: one of the health
// path, or of a path below it, which may commit a write as customers do.
func checks(path string, r *http.Request) bool {
	if path == "" {
		return false
	}
	rest, below := strings.CutPrefix(r.URL.Path, path)
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return below && (rest == "" || rest[0] == '/')
	case http.MethodPut:
		return below && len(rest) > 1 && rest[0] == '/'
	}
	return false
}

// repeatable says whether sending a request twice is harmless.
func repeatable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return len(r.Header["Idempotency-Key"]) > 0 || len(r.Header["X-Idempotency-Key"]) > 0
}

// cellOf is the customer cell of a request, -1 when it is not known.
func cellOf(header http.Header, cells int, customer string) int {
	if cells == 0 {
		return -1
	}
	if v := header["X-Cell"]; len(v) > 0 {
		if n, err := strconv.Atoi(v[0]); err == nil && n >= 0 && n < cells {
			return n
		}
		return -1
	}
	v := header[customer]
	if len(v) == 0 || v[0] == "" {
		return -1
	}
	return cell.Of(v[0], cells)
}

func canonical(header string) string {
	if header == "" {
		header = "X-Customer"
	}
	return textproto.CanonicalMIMEHeaderKey(header)
}
