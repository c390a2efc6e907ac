package ingest_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/ingest"
	"github.com/greenlang/fournines/kit/audit"
)

// Whatever is sent is refused with words or becomes entries that the journal takes.
func FuzzParse(f *testing.F) {
	f.Add(encode(f, events(0, 3)))
	big := event(1)
	big.Person, big.Reason, big.Subject = "p", strings.Repeat(`"`, audit.MaxReason), strings.Repeat("é", audit.MaxSubject/2)
	big.Personal = map[string]string{"a": strings.Repeat("\x01", audit.MaxPersonal-1)}
	big.Data = json.RawMessage(`{"a":"` + strings.Repeat("<", audit.MaxData-10) + `"}`)
	big.Actor, big.Action, big.ID, big.Tenant = strings.Repeat("a", audit.MaxActor), strings.Repeat("a", audit.MaxAction), strings.Repeat("a", audit.MaxID), strings.Repeat("a", audit.MaxTenant)
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(audit.Batch{Events: []audit.Event{big}}); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes())
	for _, s := range []string{``, `{}`, `{"events":null}`, `{"events":[{}]}`, `[]`, `{"events":[{"data":{"a":{"a":[]}}}]} `, `{"events":[{"personal":{"":""}}]}`} {
		f.Add([]byte(s))
	}
	s := open(f, f.TempDir(), ingest.Options{})
	f.Fuzz(func(t *testing.T, b []byte) {
		events, err := ingest.Parse(b)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("refused without words")
			}
			return
		}
		entries := make([]journal.Entry, 0, len(events))
		for i := range events {
			e, err := ingest.Sealed(s.Sealer, strings.Repeat("a", ingest.MaxApplication), &events[i])
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, e)
		}
		if _, err := s.Journal.Append(t.Context(), entries...); err != nil {
			t.Fatal(err)
		}
	})
}
