package ingest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/greenlang/fournines/kit/audit"
)

// maxReported is how many events of a batch are reported as not valid.
const maxReported = 20

// invalid is a batch that is refused whole.
type invalid struct{ audit.Problem }

func (e *invalid) Error() string { return e.Detail }

func refuse(status int, format string, args ...any) error {
	return &invalid{audit.Problem{Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}}
}

// readBody reads at most [audit.MaxBatchBytes], inflated where encoding is gzip.
func readBody(body io.Reader, encoding string) ([]byte, error) {
	body = io.LimitReader(body, audit.MaxBatchBytes+1) // a deflated body is never larger than what it holds by more than a trifle
	switch encoding {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "the body is not gzip, as Content-Encoding says: %v", err)
		}
		body = io.LimitReader(z, audit.MaxBatchBytes+1)
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "Content-Encoding %.40q is not known here; send gzip or none", encoding)
	}
	b, err := io.ReadAll(body)
	if len(b) > audit.MaxBatchBytes {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the batch has more than %d bytes inflated; send fewer events at a time", audit.MaxBatchBytes)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body ends early or is damaged: %v", err)
	}
	return b, nil
}

// parse reads and checks a batch.
func parse(b []byte) ([]audit.Event, error) {
	var batch audit.Batch
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&batch); err != nil {
		return nil, refuse(http.StatusBadRequest, "the body is not a batch of events: %v (at byte %d)", err, d.InputOffset())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(http.StatusBadRequest, "more follows the batch, at byte %d", d.InputOffset())
	}
	if n := len(batch.Events); n < 1 || n > audit.MaxBatch {
		return nil, refuse(http.StatusUnprocessableEntity, "the batch has %d events; send 1 to %d", n, audit.MaxBatch)
	}
	var wrong []audit.EventError
	for i := range batch.Events {
		var f *audit.FieldError
		if err := batch.Events[i].Check(); errors.As(err, &f) && len(wrong) < maxReported {
			wrong = append(wrong, audit.EventError{Event: i, Field: f.Field, Why: f.Why})
		}
	}
	if len(wrong) > 0 {
		first := wrong[0]
		err := &invalid{audit.Problem{Title: "Unprocessable Entity", Status: http.StatusUnprocessableEntity, Errors: wrong}}
		err.Detail = fmt.Sprintf("nothing was recorded: events[%d].%s %s", first.Event, first.Field, first.Why)
		return nil, err
	}
	return batch.Events, nil
}
