package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// These checks are written from the services' published field tables, not from our
// structs: an unknown field, a missing one or a length too much is an error.

// object is a JSON object whose fields are taken one by one; what is left is unknown.
type object struct {
	where  string
	fields map[string]json.RawMessage
	err    *error
}

func parse(where string, b []byte, err *error) object {
	o := object{where: where, err: err}
	if e := json.Unmarshal(b, &o.fields); e != nil || o.fields == nil {
		o.fail("not an object: %v", e)
	}
	return o
}

func (o object) fail(format string, args ...any) {
	if *o.err == nil {
		*o.err = fmt.Errorf(o.where+": "+format, args...)
	}
}

func (o object) take(name string, required bool) (json.RawMessage, bool) {
	b, ok := o.fields[name]
	delete(o.fields, name)
	if !ok && required {
		o.fail("%s is required", name)
	}
	return b, ok
}

// text takes a string of 1 to limit characters, counted as UTF-16 units.
func (o object) text(name string, required bool, limit int) string {
	b, ok := o.take(name, required)
	if !ok {
		return ""
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		o.fail("%s is no string: %s", name, b)
	}
	if n := len(utf16.Encode([]rune(s))); n < 1 || n > limit {
		o.fail("%s has %d characters, 1 to %d are allowed", name, n, limit)
	}
	if !utf8.ValidString(s) {
		o.fail("%s is not UTF-8", name)
	}
	return s
}

func (o object) oneOf(name string, allowed ...string) string {
	s := o.text(name, true, 100)
	if !slices.Contains(allowed, s) {
		o.fail("%s is %q, allowed are %v", name, s, allowed)
	}
	return s
}

func (o object) list(name string, most int) []json.RawMessage {
	b, ok := o.take(name, false)
	if !ok {
		return nil
	}
	var l []json.RawMessage
	if err := json.Unmarshal(b, &l); err != nil || len(l) < 1 || len(l) > most {
		o.fail("%s has %d elements, 1 to %d are allowed", name, len(l), most)
	}
	return l
}

func (o object) end() {
	for name := range o.fields {
		o.fail("unknown field %s", name)
	}
}

const any64k = 64 << 10

// checkPagerDuty checks an alert event of Events API v2.
func checkPagerDuty(body []byte) (err error) {
	if len(body) > 512<<10 {
		return fmt.Errorf("%d bytes are more than 512 KB", len(body))
	}
	o := parse("event", body, &err)
	if key := o.text("routing_key", true, 32); len(key) != 32 {
		o.fail("routing_key has %d characters", len(key))
	}
	action := o.oneOf("event_action", "trigger", "acknowledge", "resolve")
	o.text("dedup_key", action != "trigger", 255)
	o.text("client", false, any64k)
	o.text("client_url", false, any64k)
	for _, l := range o.list("links", any64k) {
		link := parse("link", l, &err)
		link.text("href", true, any64k)
		link.text("text", false, any64k)
		link.end()
	}
	if payload, ok := o.take("payload", action == "trigger"); ok {
		p := parse("payload", payload, &err)
		p.text("summary", true, 1024)
		p.text("source", true, any64k)
		p.oneOf("severity", "critical", "error", "warning", "info")
		if _, e := time.Parse(time.RFC3339, p.text("timestamp", false, 100)); e != nil {
			p.fail("timestamp: %v", e)
		}
		for _, name := range []string{"component", "group", "class"} {
			p.text(name, false, any64k)
		}
		if d, ok := p.take("custom_details", false); ok {
			parse("custom_details", d, &err)
		}
		p.end()
	}
	o.end()
	return err
}

// checkSlack checks a message to an incoming webhook: the blocks that we use, with Block
// Kit's limits, and that nothing stands in it that Slack would read as a control sequence
// other than the one link that was asked for.
func checkSlack(body []byte, link string) (err error) {
	o := parse("message", body, &err)
	texts := []string{o.text("text", true, 40000)}
	for _, b := range o.list("blocks", 50) {
		block := parse("block", b, &err)
		switch block.oneOf("type", "header", "section", "context", "divider") {
		case "header":
			t, _ := block.take("text", true)
			texts = append(texts, checkText(t, &err, 150, "plain_text"))
		case "section":
			t, ok := block.take("text", false)
			if ok {
				texts = append(texts, checkText(t, &err, 3000, "plain_text", "mrkdwn"))
			}
			fields := block.list("fields", 10)
			if !ok && len(fields) == 0 {
				block.fail("a section needs a text or fields")
			}
			for _, f := range fields {
				texts = append(texts, checkText(f, &err, 2000, "plain_text", "mrkdwn"))
			}
		case "context":
			for _, e := range block.list("elements", 10) {
				texts = append(texts, checkText(e, &err, 3000, "plain_text", "mrkdwn"))
			}
		}
		block.end()
	}
	o.end()
	for _, t := range texts {
		if strings.HasPrefix(t, "<http") && strings.HasSuffix(t, "|Open in fournines>") && strings.Count(t, "<") == 1 && strings.Count(t, "|") == 1 && link != "" {
			continue
		}
		if strings.ContainsAny(t, "<>") {
			o.fail("control sequence in %q", t)
		}
		for rest := t; strings.Contains(rest, "&"); {
			_, rest, _ = strings.Cut(rest, "&")
			if !slices.ContainsFunc([]string{"amp;", "lt;", "gt;"}, func(e string) bool { return strings.HasPrefix(rest, e) }) {
				o.fail("& is not escaped, or cut, in %q", t)
			}
		}
	}
	return err
}

func checkText(b []byte, err *error, limit int, kinds ...string) string {
	o := parse("text", b, err)
	o.oneOf("type", kinds...)
	s := o.text("text", true, limit)
	o.end()
	return s
}

// checkWebhook checks our own documented event, and that it stays small.
func checkWebhook(body []byte) (err error) {
	if len(body) > 256<<10 {
		return fmt.Errorf("%d bytes", len(body))
	}
	o := parse("event", body, &err)
	o.oneOf("type", "alert.firing", "alert.resolved")
	if _, e := time.Parse(time.RFC3339Nano, o.text("timestamp", true, 100)); e != nil {
		o.fail("timestamp: %v", e)
	}
	data, _ := o.take("data", true)
	d := parse("data", data, &err)
	d.text("key", true, 255)
	d.oneOf("severity", "critical", "error", "warning", "info")
	d.text("title", true, 1024)
	d.text("summary", false, 4096)
	d.text("source", true, 255)
	d.text("link", false, 2000)
	d.text("journal_entries", false, 1000)
	d.take("figures_left_out", false)
	if f, ok := d.take("figures", false); ok {
		var figures map[string]string
		if e := json.Unmarshal(f, &figures); e != nil || len(figures) > maxFigures {
			d.fail("figures: %d, %v", len(figures), e)
		}
	}
	d.end()
	o.end()
	if !bytes.Equal(bytes.TrimSpace(body), body) {
		o.fail("spaces around the body")
	}
	return err
}
