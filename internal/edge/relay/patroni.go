package relay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// patroni asks Patroni's REST interface of one member.
type patroni struct {
	url       string
	transport *http.Transport
}

func newPatroni(witness string) *patroni {
	return &patroni{
		url:       "http://" + witness + "/patroni",
		transport: &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: 10 * time.Second},
	}
}

// status is the part of Patroni's answer that says who leads.
type status struct {
	State    string `json:"state"`
	Role     string `json:"role"`
	Timeline uint64 `json:"timeline"`
}

// ask implements asker. Patroni answers 503 for a member that does not run, with
// the same body: the body counts, not the status.
func (p *patroni) ask(ctx context.Context) answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return answer{err: fmt.Errorf("ask patroni %s: %w", p.url, err)}
	}
	response, err := p.transport.RoundTrip(request)
	if err != nil {
		return answer{err: fmt.Errorf("ask patroni %s: %w", p.url, err)}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 256<<10))
	if err != nil {
		return answer{err: fmt.Errorf("ask patroni %s: read answer: %w", p.url, err)}
	}
	a, err := parseStatus(body)
	if err != nil {
		return answer{err: fmt.Errorf("ask patroni %s: %w", p.url, err)}
	}
	return a
}

func (p *patroni) close() { p.transport.CloseIdleConnections() }

func parseStatus(body []byte) (answer, error) {
	var s status
	if err := json.Unmarshal(body, &s); err != nil {
		return answer{}, fmt.Errorf("parse status: %w: %w", refusal(fmt.Sprintf("%.60q", body)), err)
	}
	switch s.State {
	case "":
		return answer{}, fmt.Errorf("parse status: %w, which has no state", refusal(fmt.Sprintf("%.60q", body)))
	case "unknown": // its PostgreSQL runs, and does not answer Patroni itself: it may have too many clients
		return answer{}, refusal("the state of its PostgreSQL is unknown")
	}
	// "master" is what Patroni before 4 calls a primary.
	leads := s.State == "running" && (s.Role == "primary" || s.Role == "master")
	return answer{leads: leads, term: s.Timeline}, nil
}
