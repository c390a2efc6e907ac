package compliance

import (
	"bytes"
	"encoding/json"
	"slices"
)

// SealedFor returns the pseudonyms of the persons whose data stand sealed in an entry's
// data, each once, in order.
func SealedFor(data json.RawMessage) []string {
	if !bytes.Contains(data, []byte(`"sealed"`)) {
		return nil
	}
	var v any
	if json.Unmarshal(data, &v) != nil {
		return nil
	}
	out := collect(v, nil)
	slices.Sort(out)
	return slices.Compact(out)
}

func collect(v any, out []string) []string {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = collect(e, out)
		}
	case map[string]any:
		if box, ok := v["sealed"].(map[string]any); ok && len(v) == 1 {
			if who, ok := box["subject"].(string); ok {
				return append(out, who)
			}
		}
		for _, e := range v {
			out = collect(e, out)
		}
	}
	return out
}
