package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Refused is one line of refused.jsonl: an event that the server will never take. Mend
// it and record it under a new ID.
type Refused struct {
	At     time.Time       `json:"at"`
	Status int             `json:"status"`
	Why    string          `json:"why"`
	Event  json.RawMessage `json:"event"`
}

const (
	refusedFile = "refused.jsonl"
	maxRefused  = 64 << 20 // beyond it nothing more is sent until somebody looks
)

// refuse keeps the event where it is not tried again. After a crash it may stand there twice.
func (c *Client) refuse(e spooled, status int, why string) error {
	line, err := json.Marshal(Refused{At: time.Now().UTC(), Status: status, Why: why, Event: e.raw})
	if err != nil {
		return err
	}
	path := filepath.Join(c.o.Dir, refusedFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep a refused audit event: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.Size() > maxRefused {
		return errors.Join(fmt.Errorf("%s has more than %d bytes of refused audit events: look at the reasons, mend the application, and move the file away", path, maxRefused), f.Close())
	}
	if err == nil {
		_, err = f.Write(append(line, '\n'))
	}
	if err = errors.Join(err, f.Sync(), f.Close(), syncDir(c.o.Dir)); err != nil {
		return fmt.Errorf("keep a refused audit event: %w", err)
	}
	c.o.Log.Error("the server refuses an audit event for good; it is kept", "id", e.event.ID, "why", why, "file", path)
	c.progress(func(s *Stats) { s.Refused++ })
	return nil
}
