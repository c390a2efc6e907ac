package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func example() Alert {
	return Alert{
		Key: "witness-away/eu-2", State: Firing, Severity: Warning, Title: "Witness eu-2 has not cosigned for 5 min",
		Summary: "Operations go on. Checkpoints are <unwitnessed> & marked.", Source: "eu-1/journal",
		At: time.Date(2026, 11, 23, 3, 4, 5, 678900000, time.UTC), Link: "https://fournines.example/journal?a=1&b=2",
		Figures: map[string]string{"last size": "20852163", "behind": "312 s"}, Entries: []uint64{9, 7, 8, 3, 8},
	}
}

func TestRenderings(t *testing.T) {
	t.Parallel()
	resolved := example()
	resolved.State = Resolved
	bare := Alert{Key: "k", State: Firing, Severity: Critical, Title: "t", Source: "s", At: example().At}
	for _, tt := range []struct {
		name string
		got  any
		want string
	}{
		{"PagerDuty", pagerDutyEvent(example()), `{"routing_key":"","event_action":"trigger","dedup_key":"witness-away/eu-2","payload":{"summary":"Witness eu-2 has not cosigned for 5 min","source":"eu-1/journal","severity":"warning","timestamp":"2026-11-23T03:04:05.678Z","custom_details":{"figures":{"behind":"312 s","last size":"20852163"},"journal_entries":"3, 7–9","summary":"Operations go on. Checkpoints are <unwitnessed> & marked."}},"links":[{"href":"https://fournines.example/journal?a=1&b=2","text":"Open in fournines"}],"client":"fournines","client_url":"https://fournines.example/journal?a=1&b=2"}`},
		{"PagerDuty, resolved", pagerDutyEvent(resolved), `{"routing_key":"","event_action":"resolve","dedup_key":"witness-away/eu-2"}`},
		{"PagerDuty, bare", pagerDutyEvent(bare), `{"routing_key":"","event_action":"trigger","dedup_key":"k","payload":{"summary":"t","source":"s","severity":"critical","timestamp":"2026-11-23T03:04:05.678Z"},"client":"fournines"}`},
		{"Slack", slackOf(example()), `{"text":"WARNING Witness eu-2 has not cosigned for 5 min: Operations go on. Checkpoints are &lt;unwitnessed&gt; &amp; marked.","blocks":[{"type":"header","text":{"type":"plain_text","text":"WARNING Witness eu-2 has not cosigned for 5 min"}},{"type":"section","text":{"type":"mrkdwn","text":"Operations go on. Checkpoints are &lt;unwitnessed&gt; &amp; marked."}},{"type":"section","fields":[{"type":"plain_text","text":"behind\n312 s"},{"type":"plain_text","text":"last size\n20852163"}]},{"type":"section","text":{"type":"mrkdwn","text":"<https://fournines.example/journal?a=1&amp;b=2|Open in fournines>"}},{"type":"context","elements":[{"type":"mrkdwn","text":"eu-1/journal · 2026-11-23 03:04:05 UTC · journal 3, 7–9"}]}]}`},
		{"Slack, bare", slackOf(bare), `{"text":"CRITICAL t: s","blocks":[{"type":"header","text":{"type":"plain_text","text":"CRITICAL t"}},{"type":"context","elements":[{"type":"mrkdwn","text":"s · 2026-11-23 03:04:05 UTC"}]}]}`},
		{"webhook", webhookOf(resolved), `{"type":"alert.resolved","timestamp":"2026-11-23T03:04:05.6789Z","data":{"key":"witness-away/eu-2","severity":"warning","title":"Witness eu-2 has not cosigned for 5 min","summary":"Operations go on. Checkpoints are <unwitnessed> & marked.","source":"eu-1/journal","link":"https://fournines.example/journal?a=1&b=2","figures":{"behind":"312 s","last size":"20852163"},"journal_entries":"3, 7–9"}}`},
	} {
		b, err := encode(tt.got)
		if err != nil || string(b) != tt.want {
			t.Errorf("%s: %v\n got %s\nwant %s", tt.name, err, b, tt.want)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	if err := example().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Alert){
		"no key": func(a *Alert) { a.Key = "" }, "no title": func(a *Alert) { a.Title = "" }, "no source": func(a *Alert) { a.Source = "" },
		"state": func(a *Alert) { a.State = "burning" }, "severity": func(a *Alert) { a.Severity = "fatal" }, "time": func(a *Alert) { a.At = time.Time{} },
		"script as link": func(a *Alert) { a.Link = "javascript:alert(1)" }, "relative link": func(a *Alert) { a.Link = "/journal" },
	} {
		a := example()
		change(&a)
		if a.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"", 3, ""}, {"😀😀", 4, "😀😀"}, {"😀😀", 3, "😀…"}, {"a\x00b", 9, "a b"}, {"a\xffb", 9, "a\uFFFDb"}, {"ab\ncd", 9, "ab\ncd"},
	} {
		if got := clip(tt.in, tt.n); got != tt.want {
			t.Errorf("clip(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
	if got := slackClip("a&&", 9); got != "a&amp;…" {
		t.Errorf("an entity was cut: %q", got)
	}
	long := strings.Repeat("k", 300)
	a, b := dedupKey(long+"a"), dedupKey(long+"b")
	if a == b || length(a) > 255 || dedupKey("short") != "short" {
		t.Errorf("keys: %q, %q", a, b)
	}
}

func TestFiguresKeepApart(t *testing.T) {
	t.Parallel()
	a := example()
	a.Figures = map[string]string{}
	for i := range 70 {
		a.Figures[strings.Repeat("n", 200)+fmt.Sprintf("%02d", i)] = fmt.Sprint(i)
	}
	list, left := figuresOf(a)
	seen := map[string]bool{}
	for _, f := range list {
		seen[f.name] = true
	}
	if len(seen) != maxFigures || left != 20 {
		t.Fatalf("%d names, %d left out", len(seen), left)
	}
}

// However long and strange an alert is, every rendering keeps to the published limits.
func FuzzRender(f *testing.F) {
	e := example()
	f.Add(e.Key, e.Title, e.Summary, e.Source, e.Link, "name", "value", uint16(3), uint64(7), false)
	f.Add(strings.Repeat("k", 300), strings.Repeat("<!channel> ", 400), strings.Repeat("&", 9000), strings.Repeat("😀", 300), "https://x/?"+strings.Repeat("&|>", 800), strings.Repeat("n", 200), strings.Repeat("<", 5000), uint16(63), uint64(1<<63), false)
	f.Add("\x00", " ", "\n", "\t", "http://x", "", "", uint16(60), uint64(0), true)
	f.Add("k", "\xff\xfe", "\u202e", "s", "https://x/|y", "\x7f", "\x1b[31m", uint16(1), uint64(5), false)
	f.Fuzz(func(t *testing.T, key, title, summary, source, link, name, value string, figures uint16, entry uint64, resolved bool) {
		a := Alert{Key: key, State: Firing, Severity: Error, Title: title, Summary: summary, Source: source, Link: link, At: example().At, Figures: map[string]string{}}
		if resolved {
			a.State = Resolved
		}
		for i := range int(figures % 64) {
			a.Figures[name+fmt.Sprint(i)] = value
			a.Entries = append(a.Entries, entry*uint64(i))
		}
		if a.Validate() != nil {
			return
		}
		event := pagerDutyEvent(a)
		event.RoutingKey = strings.Repeat("0", 32)
		for service, check := range map[string]func() ([]byte, error){
			"pagerduty": func() ([]byte, error) { b, _ := encode(event); return b, checkPagerDuty(b) },
			"slack":     func() ([]byte, error) { b, _ := encode(slackOf(a)); return b, checkSlack(b, a.Link) },
			"webhook":   func() ([]byte, error) { b, _ := encode(webhookOf(a)); return b, checkWebhook(b) },
		} {
			if body, err := check(); err != nil {
				t.Fatalf("%s: %v\n%.3000s", service, err, body)
			}
		}
	})
}
