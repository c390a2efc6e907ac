package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// PagerDutyAddress is where Events API v2 takes alerts (developer.pagerduty.com,
// "Send an Alert Event").
const PagerDutyAddress = "https://events.pagerduty.com/v2/enqueue"

// Published limits of Events API v2.
const (
	pagerDutySummary = 1024      // characters
	pagerDutyKey     = 255       // characters
	pagerDutyBody    = 512 << 10 // bytes
	routingKey       = 32        // characters
)

// PagerDuty sends to one integration of Events API v2.
type PagerDuty struct {
	key      Secret
	address  *url.URL
	delivery Delivery
}

var _ Notifier = (*PagerDuty)(nil)

// NewPagerDuty takes the integration's routing key. address is [PagerDutyAddress], or
// its like in another service region.
func NewPagerDuty(key Secret, address string, d Delivery) (*PagerDuty, error) {
	if len(key.reveal()) != routingKey {
		return nil, fmt.Errorf("the routing key of PagerDuty has %d characters, want the %d of an Events API v2 integration", len(key.reveal()), routingKey)
	}
	u, err := endpoint(NewSecret(address))
	if err != nil {
		return nil, fmt.Errorf("PagerDuty address %q: %w", address, err)
	}
	return &PagerDuty{key, u, d.withDefaults()}, nil
}

// Name implements [Notifier].
func (*PagerDuty) Name() string { return "pagerduty" }

// Send implements [Notifier]: firing triggers and resolved resolves.
func (p *PagerDuty) Send(ctx context.Context, a Alert) error {
	if err := a.Validate(); err != nil {
		return fmt.Errorf("notify pagerduty: %w", err)
	}
	return p.post(ctx, pagerDutyEvent(a))
}

// Acknowledge says that somebody works on the alert, so that nobody else is called.
func (p *PagerDuty) Acknowledge(ctx context.Context, key string) error {
	if key == "" {
		return fmt.Errorf("notify pagerduty: %w: acknowledge what? the key is empty", errAlert)
	}
	return p.post(ctx, pagerEvent{EventAction: "acknowledge", DedupKey: dedupKey(key)})
}

func (p *PagerDuty) post(ctx context.Context, e pagerEvent) error {
	e.RoutingKey = p.key.reveal()
	body, err := encode(e)
	if err != nil {
		return redact(fmt.Errorf("notify pagerduty: %w", err), p.key)
	}
	if len(body) > pagerDutyBody {
		return errors.New("notify pagerduty: the alert is larger than 512 KB although it was cut: this is a defect")
	}
	return p.delivery.deliver(ctx, message{to: "pagerduty", address: p.address, body: body, secrets: []Secret{p.key}})
}

// The event as it is published.
type pagerEvent struct {
	RoutingKey  string        `json:"routing_key"`
	EventAction string        `json:"event_action"`
	DedupKey    string        `json:"dedup_key"`
	Payload     *pagerPayload `json:"payload,omitempty"`
	Links       []pagerLink   `json:"links,omitempty"`
	Client      string        `json:"client,omitempty"`
	ClientURL   string        `json:"client_url,omitempty"`
}

type pagerPayload struct {
	Summary   string         `json:"summary"`
	Source    string         `json:"source"`
	Severity  string         `json:"severity"`
	Timestamp string         `json:"timestamp"`
	Details   map[string]any `json:"custom_details,omitempty"`
}

type pagerLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// Our own bounds, where none is published.
const (
	maxSummary = 4096 // characters of an alert's summary
	maxSource  = 255
	maxLink    = 2000 // a longer link is left out: cut, it leads nowhere
	maxEntries = 1000 // characters of the list of journal indexes
)

// pagerDutyEvent renders an alert.
func pagerDutyEvent(a Alert) pagerEvent {
	e := pagerEvent{EventAction: "trigger", DedupKey: dedupKey(a.Key)}
	if a.State == Resolved { // takes no payload
		e.EventAction = "resolve"
		return e
	}
	e.Payload = &pagerPayload{
		Summary: clip(a.Title, pagerDutySummary), Source: clip(a.Source, maxSource), Severity: string(a.Severity),
		Timestamp: a.At.UTC().Format("2006-01-02T15:04:05.000Z07:00"), Details: details(a),
	}
	e.Client = "fournines"
	if a.Link != "" && length(a.Link) <= maxLink {
		e.Links = []pagerLink{{a.Link, "Open in fournines"}}
		e.ClientURL = a.Link
	}
	return e
}

func details(a Alert) map[string]any {
	out := map[string]any{}
	if a.Summary != "" {
		out["summary"] = clip(a.Summary, maxSummary)
	}
	if s := entriesOf(a, maxEntries); s != "" {
		out["journal_entries"] = s
	}
	list, left := figuresOf(a)
	figures := map[string]string{}
	for _, f := range list {
		figures[f.name] = f.value
	}
	if len(figures) > 0 {
		out["figures"] = figures
	}
	if left > 0 {
		out["figures_left_out"] = left
	}
	return out
}

// encode renders JSON as people read it: < and & stay as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// stamp is how times stand in texts.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
