package audit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// settle acts on the results of a batch that was taken.
func (s *sender) settle(events []spooled, results []Result) (left []spooled, wait time.Duration, err error) {
	var recorded, duplicates uint64
	for i, r := range results {
		switch {
		case r.Error == nil:
			recorded++
			if r.Duplicate {
				duplicates++
			}
		case r.Error.Status == http.StatusTooManyRequests:
			left = append(left, events[i])
			wait = max(wait, leastPause, time.Duration(r.Error.RetryAfter*float64(time.Second)))
		default:
			if err := s.c.refuse(events[i], r.Error.Status, r.Error.Detail); err != nil {
				return nil, 0, err
			}
		}
	}
	s.c.progress(func(st *Stats) { st.Recorded, st.Duplicates = st.Recorded+recorded, st.Duplicates+duplicates })
	return left, min(wait, mostAsked), nil
}

// reject puts the events that the server will never take aside, and leaves the others.
func (s *sender) reject(events []spooled, status int, text []byte) (left []spooled, wait time.Duration, err error) {
	p := Problem{Status: status, Detail: fmt.Sprintf("%.200s", text)}
	_ = json.Unmarshal(text, &p) // what is no problem document is quoted
	if len(p.Errors) == 0 {
		return nil, 0, &oddBatch{p}
	}
	why := map[int]string{}
	for _, e := range p.Errors {
		why[e.Event] = e.Field + " " + e.Why
	}
	for i := range events {
		if why[i] == "" {
			left = append(left, events[i])
		} else if err := s.c.refuse(events[i], status, why[i]); err != nil {
			return nil, 0, err
		}
	}
	if len(left) == len(events) { // it speaks of events that were not sent
		return nil, 0, &oddBatch{p}
	}
	return left, 0, nil
}

func retryAfter(resp *http.Response) time.Duration {
	n, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, mostAsked)
}
