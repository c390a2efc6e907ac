package witness

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// answer is what add-checkpoint says.
type answer struct {
	status int
	size   bool // the body is a tree size
	body   string
}

func refusal(status int, why string) answer { return answer{status: status, body: why + "\n"} }

// ServeHTTP implements [http.Handler] with the statuses of
// https://c2sp.org/tlog-witness, 413 for a body above [MaxBody] and 500 when the disk
// fails. Mount it with [http.StripPrefix] where it has a prefix.
func (w *Witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != "/add-checkpoint":
		http.NotFound(rw, r)
	case r.Method != http.MethodPost:
		rw.Header().Set("Allow", http.MethodPost)
		http.Error(rw, "add-checkpoint takes POST", http.StatusMethodNotAllowed)
	default:
		w.read(rw, r).write(rw, w.failed)
	}
}

func (w *Witness) read(rw http.ResponseWriter, r *http.Request) answer {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, MaxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refusal(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", MaxBody))
	}
	if err != nil {
		return refusal(http.StatusBadRequest, "the body ended early")
	}
	return w.add(body)
}

// add answers one request.
func (w *Witness) add(body []byte) answer {
	req, err := ParseRequest(body)
	if err != nil {
		return refusal(http.StatusBadRequest, err.Error())
	}
	offered, err := w.o.Logs.Open(req.Checkpoint)
	switch {
	case errors.Is(err, errUnknownLog):
		return refusal(http.StatusNotFound, err.Error())
	case errors.Is(err, errUnsigned):
		return refusal(http.StatusForbidden, err.Error())
	case err != nil:
		return refusal(http.StatusBadRequest, err.Error())
	}
	a, finding := w.judge(req, offered)
	if finding != nil {
		w.report(*finding)
	}
	return a
}

// judge decides and, under the log's lock, keeps what it accepts before it signs it.
func (w *Witness) judge(req Request, offered Checkpoint) (answer, *Finding) {
	l := w.logs[offered.Origin]
	l.mu.Lock()
	defer l.mu.Unlock()
	now := w.o.Now()
	v := decide(l.record, offered, req.Old, req.Proof, now)
	var finding *Finding
	if v.found != "" {
		finding = &Finding{v.found, offered.Origin, string(l.last.Signed), string(offered.Signed), req.Old, req.Proof, now}
	}
	switch {
	case v.status == http.StatusConflict:
		return answer{v.status, true, strconv.FormatUint(l.last.Size, 10) + "\n"}, finding
	case v.status != http.StatusOK:
		return refusal(v.status, v.why), finding
	}
	if !l.seen() || offered.Size > l.last.Size {
		next := record{offered, now}
		if err := writeRecord(w.o.Files, w.o.Dir, next); err != nil {
			w.failed(fmt.Errorf("cosign log %s at size %d: %w; nothing was cosigned", offered.Origin, offered.Size, err))
			return refusal(http.StatusInternalServerError, "the checkpoint could not be kept, so it is not cosigned; try again"), nil
		}
		l.record = next
	}
	return answer{status: http.StatusOK, body: w.key.Cosign(offered.Text, now)}, nil
}

func (w *Witness) report(f Finding) {
	fresh, err := w.proof.keep(f)
	if err != nil {
		w.failed(fmt.Errorf("keep evidence of a %s of log %s: %w; the alarm is raised all the same", f.Kind, f.Origin, err))
	}
	if fresh {
		w.alarm(f)
	}
}

func (a answer) write(rw http.ResponseWriter, failed func(error)) {
	content := "text/plain; charset=utf-8"
	if a.size {
		content = "text/x.tlog.size"
	}
	rw.Header().Set("Content-Type", content)
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	rw.WriteHeader(a.status)
	if _, err := io.WriteString(rw, a.body); err != nil && a.status == http.StatusOK {
		failed(fmt.Errorf("answer with a cosignature: %w; the feeder asks again", err))
	}
}
