package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// The canonical bytes of an entry are one JSON object without white space: time, kind,
// subject, operation, actor, reason, trace, approval, data, in this order, empty ones
// left out. The time comes first and always has the same width, so that it can be
// filled in last.
const (
	timeKey    = `{"time":"`
	timeFormat = "2006-01-02T15:04:05.000000000Z"
	kindKey    = `","kind":`
)

// Bounds on an entry's fields, in bytes.
const (
	MaxKind      = 64
	MaxSubject   = 256
	MaxOperation = 128
	MaxActor     = 256
	MaxReason    = 1024
	traceDigits  = 32
)

var (
	errNoKind = errors.New("entry has no kind; give it one such as operation.begun")
	errTime   = errors.New("its time is outside of the years 1 to 9999")
)

// check refuses fields that are out of bounds.
func (e *Entry) check() error {
	if e.Kind == "" {
		return errNoKind
	}
	for _, f := range []struct {
		name, value string
		bound       int
	}{
		{"kind", e.Kind, MaxKind},
		{"subject", e.Subject, MaxSubject},
		{"operation", e.Operation, MaxOperation},
		{"actor", e.Actor, MaxActor},
		{"approval", e.Approval, MaxActor},
		{"reason", e.Reason, MaxReason},
	} {
		if len(f.value) > f.bound {
			return fmt.Errorf("the %s of entry %.64s has %d bytes, the bound is %d: shorten it, or put it into the entry's data", f.name, e.Kind, len(f.value), f.bound)
		}
	}
	if e.Trace != "" && !hexadecimal(e.Trace) {
		return fmt.Errorf("the trace of entry %s is %.64q; a trace id has %d lower-case hexadecimal digits", e.Kind, e.Trace, traceDigits)
	}
	return nil
}

// Brief returns reason, cut where an entry's bound is. It is for reasons that a program
// has put together: a long one must not keep an action from being recorded. The whole
// one belongs into the entry's data.
func Brief(reason string) string {
	const more = "…"
	if len(reason) <= MaxReason {
		return reason
	}
	n := MaxReason - len(more)
	for !utf8.RuneStart(reason[n]) {
		n--
	}
	return reason[:n] + more
}

func hexadecimal(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == traceDigits
}

// appendEntry writes the entry's canonical bytes behind dst. A zero time leaves room
// for the one that the committer stamps.
func appendEntry(dst []byte, e *Entry) ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	start := len(dst)
	dst = append(dst, timeKey...)
	if t := e.Time.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return nil, fmt.Errorf("entry %s: %w", e.Kind, errTime)
	} else {
		dst = t.AppendFormat(dst, timeFormat)
	}
	dst = appendString(append(dst, kindKey...), e.Kind)
	dst = appendField(dst, `,"subject":`, e.Subject)
	dst = appendField(dst, `,"operation":`, e.Operation)
	dst = appendField(dst, `,"actor":`, e.Actor)
	dst = appendField(dst, `,"reason":`, e.Reason)
	dst = appendField(dst, `,"trace":`, e.Trace)
	dst = appendField(dst, `,"approval":`, e.Approval)
	dst, err := appendData(dst, e)
	if err != nil {
		return nil, err
	}
	dst = append(dst, '}')
	if n := len(dst) - start; n > MaxEntryBytes {
		return nil, fmt.Errorf("entry %s about %q has %d bytes, the bound is %d: put the bulk into a file and its hash into the entry", e.Kind, e.Subject, n, MaxEntryBytes)
	}
	return dst, nil
}

func appendField(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	return appendString(append(dst, key...), value)
}

func appendData(dst []byte, e *Entry) ([]byte, error) {
	if len(e.Data) == 0 {
		return dst, nil
	}
	if !utf8.Valid(e.Data) {
		return nil, fmt.Errorf("the data of entry %s is not UTF-8", e.Kind)
	}
	buf := bytes.NewBuffer(append(dst, `,"data":`...))
	if err := json.Compact(buf, e.Data); err != nil {
		return nil, fmt.Errorf("the data of entry %s is not JSON: %w", e.Kind, err)
	}
	return buf.Bytes(), nil
}

// appendString writes s as JSON. Most strings need no escape.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return appendEscaped(dst, s)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

func appendEscaped(dst []byte, s string) []byte {
	buf := bytes.NewBuffer(dst)
	e := json.NewEncoder(buf)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) //nolint:errchkjson // a string always has a JSON form, and a buffer takes it
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// stampTime fills the time into canonical bytes.
func stampTime(payload []byte, t time.Time) { t.AppendFormat(payload[:len(timeKey)], timeFormat) }
