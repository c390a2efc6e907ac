package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// FieldError is what is wrong with an event.
type FieldError struct {
	Field string
	Why   string
}

// Error implements error.
func (e *FieldError) Error() string { return "audit event: " + e.Field + " " + e.Why }

// Check says what is wrong with the event, as a [*FieldError]. What it lets pass, the
// server takes.
func (e *Event) Check() error {
	if y := e.Time.Year(); e.Time.IsZero() || y < 2000 || y > 9999 {
		return &FieldError{"time", "is missing or outside of the years 2000 to 9999; write RFC 3339"}
	}
	for _, f := range []struct {
		name, value string
		max         int
		needed      bool
		allowed     func(byte) bool
		form        string
	}{
		{"id", e.ID, MaxID, true, idByte, "letters, digits and ._:-"},
		{"tenant", e.Tenant, MaxTenant, true, nameByte, "a-z, 0-9 and ._-"},
		{"actor", e.Actor, MaxActor, true, nil, ""},
		{"action", e.Action, MaxAction, true, nameByte, "a-z, 0-9 and ._-"},
		{"subject", e.Subject, MaxSubject, false, nil, ""},
		{"reason", e.Reason, MaxReason, false, nil, ""},
		{"person", e.Person, MaxPerson, len(e.Personal) > 0, nil, ""},
	} {
		if why := checkText(f.value, f.max, f.needed, f.allowed, f.form); why != "" {
			return &FieldError{f.name, why}
		}
	}
	if e.Trace != "" && (len(e.Trace) != 32 || !all(e.Trace, hexByte)) {
		return &FieldError{"trace", fmt.Sprintf("is %.40q; a trace id has 32 lower-case hexadecimal digits", e.Trace)}
	}
	if err := e.checkData(); err != nil {
		return err
	}
	return e.checkPersonal()
}

func checkText(s string, most int, needed bool, allowed func(byte) bool, form string) string {
	switch {
	case s == "" && needed:
		return "is missing"
	case len(s) > most:
		return fmt.Sprintf("has %d bytes, the bound is %d", len(s), most)
	case !utf8.ValidString(s):
		return "is not UTF-8"
	case allowed != nil && !all(s, allowed):
		return fmt.Sprintf("is %.40q; it may have %s", s, form)
	case allowed == nil && !all(s, printable):
		return "has a control character"
	}
	return ""
}

func all(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func digit(c byte) bool   { return c >= '0' && c <= '9' }
func hexByte(c byte) bool { return digit(c) || c >= 'a' && c <= 'f' }
func nameByte(c byte) bool {
	return digit(c) || c >= 'a' && c <= 'z' || c == '.' || c == '_' || c == '-'
}
func idByte(c byte) bool    { return nameByte(c) || c >= 'A' && c <= 'Z' || c == ':' }
func printable(c byte) bool { return c >= ' ' && c != 0x7f }

func (e *Event) checkData() error {
	if len(e.Data) == 0 {
		return nil
	}
	if len(e.Data) > MaxData {
		return &FieldError{"data", fmt.Sprintf("has %d bytes, the bound is %d: put the bulk elsewhere and its hash here", len(e.Data), MaxData)}
	}
	if !utf8.Valid(e.Data) {
		return &FieldError{"data", "is not UTF-8"}
	}
	if text := bytes.TrimLeft(e.Data, " \t\r\n"); len(text) == 0 || text[0] != '{' {
		return &FieldError{"data", "is not a JSON object"}
	}
	if !json.Valid(e.Data) {
		return &FieldError{"data", "is not JSON"}
	}
	if depth(e.Data) > MaxDepth {
		return &FieldError{"data", fmt.Sprintf("is nested deeper than %d", MaxDepth)}
	}
	return nil
}

// depth returns how deep valid JSON is nested.
func depth(b []byte) int {
	now, most, quoted := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && (c == '{' || c == '['):
			now++
			most = max(most, now)
		case !quoted && (c == '}' || c == ']'):
			now--
		}
	}
	return most
}

func (e *Event) checkPersonal() error {
	if len(e.Personal) > MaxFields {
		return &FieldError{"personal", fmt.Sprintf("has %d fields, the bound is %d", len(e.Personal), MaxFields)}
	}
	size := 0
	for name, value := range e.Personal {
		if name == "" || !utf8.ValidString(name) || !utf8.ValidString(value) || !all(name, printable) {
			return &FieldError{"personal", fmt.Sprintf("has a field %.40q whose name is empty or has a control character, or whose value is not UTF-8", name)}
		}
		size += len(name) + len(value)
	}
	if size > MaxPersonal {
		return &FieldError{"personal", fmt.Sprintf("has %d bytes, the bound is %d", size, MaxPersonal)}
	}
	return nil
}
