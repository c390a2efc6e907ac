package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// runWriter writes runs to the application through the edge, the way customers do:
// one attempt a call, and acknowledged means 200 or 201.
type runWriter struct {
	base string
	http *http.Client
}

func newRunWriter(base string) *runWriter {
	return &runWriter{base, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 5 * time.Second}}}
}

func (w *runWriter) post(ctx context.Context, path, key string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.base+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := w.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s answers %s: %.200s", path, resp.Status, body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}

// Write implements drill.Writer.
func (w *runWriter) Write(ctx context.Context, key string) error {
	return w.post(ctx, "/v1/runs", key, map[string]any{"customer": 1, "agent": 1}, nil)
}

// Count implements drill.Writer.
func (w *runWriter) Count(ctx context.Context, keys []string) (map[string]int, error) {
	return nil, nil
}
