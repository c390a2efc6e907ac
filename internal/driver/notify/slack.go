package notify

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Published limits of Slack messages (docs.slack.dev, "Block Kit" and "Message text").
const (
	slackBlocks  = 50
	slackHeader  = 150  // characters of a header
	slackSection = 3000 // characters of a section's text
	slackFields  = 10   // of a section
	slackField   = 2000 // characters of a field
	slackText    = 4000 // recommended for the fallback text; 40,000 are cut off
)

// Slack posts to one incoming webhook.
type Slack struct {
	secret   Secret
	address  *url.URL
	delivery Delivery
}

var _ Notifier = (*Slack)(nil)

// NewSlack takes the webhook's address, which is its secret.
func NewSlack(address Secret, d Delivery) (*Slack, error) {
	u, err := endpoint(address)
	if err != nil {
		return nil, fmt.Errorf("slack webhook: %w; want https://hooks.slack.com/services/…", err)
	}
	return &Slack{address, u, d.withDefaults()}, nil
}

// Name implements [Notifier].
func (*Slack) Name() string { return "slack" }

// Send implements [Notifier]. Slack keeps no keys: put it behind [Once].
func (s *Slack) Send(ctx context.Context, a Alert) error {
	if err := a.Validate(); err != nil {
		return fmt.Errorf("notify slack: %w", err)
	}
	body, err := encode(slackOf(a))
	if err != nil {
		return errors.Join(errors.New("notify slack: the alert cannot be encoded"), err)
	}
	return s.delivery.deliver(ctx, message{to: "slack", address: s.address, body: body, secrets: []Secret{s.secret}})
}

// The message as it is published.
type slackMessage struct {
	Text   string       `json:"text"` // notifications and screen readers show this
	Blocks []slackBlock `json:"blocks"`
}

type slackBlock struct {
	Type     string       `json:"type"`
	Text     *slackTexts  `json:"text,omitempty"`
	Fields   []slackTexts `json:"fields,omitempty"`
	Elements []slackTexts `json:"elements,omitempty"`
}

type slackTexts struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// slackOf renders an alert.
func slackOf(a Alert) slackMessage {
	title := headline(a)
	m := slackMessage{
		Text: slackClip(title+": "+or(a.Summary, a.Source), slackText),
		Blocks: []slackBlock{
			{Type: "header", Text: &slackTexts{"plain_text", slackClip(strings.Join(strings.Fields(title), " "), slackHeader)}},
		},
	}
	if strings.TrimSpace(a.Summary) != "" {
		m.Blocks = append(m.Blocks, section(slackClip(a.Summary, slackSection)))
	}
	list, left := figuresOf(a)
	for len(list) > 0 {
		n := min(slackFields, len(list))
		m.Blocks = append(m.Blocks, slackBlock{Type: "section", Fields: slackFieldsOf(list[:n])})
		list = list[n:]
	}
	if left > 0 {
		m.Blocks = append(m.Blocks, section(fmt.Sprintf("…and %d more figures", left)))
	}
	if link := slackLink(a.Link); link != "" {
		m.Blocks = append(m.Blocks, section(link))
	}
	m.Blocks = append(m.Blocks, slackBlock{Type: "context", Elements: []slackTexts{{"mrkdwn", footer(a)}}})
	return m
}

func section(text string) slackBlock {
	return slackBlock{Type: "section", Text: &slackTexts{"mrkdwn", text}}
}

// headline is the title with its state, so that the first line says enough.
func headline(a Alert) string {
	word := strings.ToUpper(string(a.Severity))
	if a.State == Resolved {
		word = "RESOLVED"
	}
	return word + " " + a.Title
}

func footer(a Alert) string {
	parts := []string{slackClip(a.Source, maxSource), stamp(a.At)}
	if s := entriesOf(a, maxEntries); s != "" {
		parts = append(parts, "journal "+s)
	}
	return strings.Join(parts, " · ")
}

func slackFieldsOf(list []figure) []slackTexts {
	out := make([]slackTexts, 0, len(list))
	for _, f := range list {
		out = append(out, slackTexts{"plain_text", slackClip(f.name+"\n"+f.value, slackField)})
	}
	return out
}

// slackLink renders a link, or nothing where it is too long to lead anywhere.
func slackLink(link string) string {
	if link == "" || length(link) > maxLink {
		return ""
	}
	safe := strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", " ", "%20", "\n", "%0A", "&", "&amp;").Replace(link)
	text := "<" + clip(safe, slackSection) + "|Open in fournines>"
	if length(text) > slackSection {
		return ""
	}
	return text
}

// slackClip escapes what Slack reads as control sequences, so that no alert can mention a
// channel or forge a link, and cuts only between characters.
func slackClip(s string, n int) string {
	if strings.TrimSpace(s) == "" {
		return "-" // Slack refuses empty texts
	}
	return clipAs(s, n, func(r rune) string {
		switch r {
		case '&':
			return "&amp;"
		case '<':
			return "&lt;"
		case '>':
			return "&gt;"
		}
		return clean(r)
	})
}

func or(s, other string) string {
	if strings.TrimSpace(s) == "" {
		return other
	}
	return s
}
