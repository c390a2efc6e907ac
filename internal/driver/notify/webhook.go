package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const secretPrefix = "whsec_"

// Webhook posts signed JSON to any receiver, as the package's description says.
type Webhook struct {
	name     string
	address  Secret // an address may hold a token
	url      *url.URL
	secret   Secret
	key      Secret // what the secret encodes
	delivery Delivery
}

var _ Notifier = (*Webhook)(nil)

// NewWebhook takes the receiver's address and the shared secret, whsec_BASE64 of 24 to
// 64 bytes. name stands in errors and in [Once].
func NewWebhook(name string, address, secret Secret, d Delivery) (*Webhook, error) {
	u, err := endpoint(address)
	if err != nil {
		return nil, fmt.Errorf("webhook %s: %w", name, err)
	}
	text, ok := strings.CutPrefix(secret.reveal(), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, fmt.Errorf("webhook %s: the secret must be whsec_ and then 24 to 64 bytes in base64", name)
	}
	return &Webhook{name, address, u, secret, NewSecret(string(key)), d.withDefaults()}, nil
}

// Name implements [Notifier].
func (w *Webhook) Name() string { return w.name }

// Send implements [Notifier].
func (w *Webhook) Send(ctx context.Context, a Alert) error {
	if err := a.Validate(); err != nil {
		return fmt.Errorf("notify %s: %w", w.name, err)
	}
	body, err := encode(webhookOf(a))
	if err != nil {
		return errors.Join(fmt.Errorf("notify %s: the alert cannot be encoded", w.name), err)
	}
	id := messageID(a)
	return w.delivery.deliver(ctx, message{to: w.name, address: w.url, body: body, secrets: []Secret{w.secret, w.address},
		sign: func(h http.Header, now time.Time) {
			stamp := strconv.FormatInt(now.Unix(), 10)
			h.Set("webhook-id", id)
			h.Set("webhook-timestamp", stamp)
			h.Set("webhook-signature", "v1,"+w.signature(id, stamp, body))
		}})
}

func (w *Webhook) signature(id, stamp string, body []byte) string {
	m := hmac.New(sha256.New, []byte(w.key.reveal()))
	m.Write([]byte(id + "." + stamp + "."))
	m.Write(body)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// messageID is the same for every try of one alert, so that a receiver takes it once.
func messageID(a Alert) string {
	sum := sha256.Sum256([]byte(strconv.Itoa(len(a.Key)) + ":" + a.Key + string(a.State) + strconv.FormatInt(a.At.UnixNano(), 10)))
	return "msg_" + hex.EncodeToString(sum[:16])
}

type webhookEvent struct {
	Type      string       `json:"type"` // alert.firing or alert.resolved
	Timestamp time.Time    `json:"timestamp"`
	Data      webhookAlert `json:"data"`
}

type webhookAlert struct {
	Key            string            `json:"key"`
	Severity       Severity          `json:"severity"`
	Title          string            `json:"title"`
	Summary        string            `json:"summary,omitempty"`
	Source         string            `json:"source"`
	Link           string            `json:"link,omitempty"`
	Figures        map[string]string `json:"figures,omitempty"`
	FiguresLeftOut int               `json:"figures_left_out,omitempty"`
	JournalEntries string            `json:"journal_entries,omitempty"` // such as 3, 7–9
}

// webhookOf renders an alert.
func webhookOf(a Alert) webhookEvent {
	list, left := figuresOf(a)
	e := webhookEvent{"alert." + string(a.State), a.At.UTC(), webhookAlert{
		Key: dedupKey(a.Key), Severity: a.Severity, Title: clip(a.Title, pagerDutySummary), Summary: clip(a.Summary, maxSummary),
		Source: clip(a.Source, maxSource), FiguresLeftOut: left, JournalEntries: entriesOf(a, maxEntries),
	}}
	if length(a.Link) <= maxLink {
		e.Data.Link = a.Link
	}
	if len(list) > 0 {
		e.Data.Figures = map[string]string{}
	}
	for _, f := range list {
		e.Data.Figures[f.name] = f.value
	}
	return e
}
