package plain

import (
	"encoding/json"
	"strings"
)

// lookup returns what data->>'$.path' is: text without its quotes, other values as they
// are written, and no for null and for what is not there. data is JSON.
func lookup(data string, fields []string) (string, bool) {
	for _, f := range fields {
		inner, ok := member(data, f)
		if !ok {
			return "", false
		}
		data = inner
	}
	if data == "null" {
		return "", false
	}
	if data[0] != '"' {
		return data, true
	}
	return unquote(data)
}

func unquote(s string) (string, bool) {
	if !strings.Contains(s, `\`) {
		return s[1 : len(s)-1], true
	}
	var out string
	err := json.Unmarshal([]byte(s), &out)
	return out, err == nil
}

// member returns the value of an object's first member of that name, as it is written.
func member(s, name string) (string, bool) {
	if len(s) < 2 || s[0] != '{' {
		return "", false
	}
	for i := blank(s, 1); i < len(s) && s[i] == '"'; {
		behind := value(s, i)
		key, ok := unquote(s[i:behind])
		i = blank(s, behind)
		if !ok || i >= len(s) || s[i] != ':' {
			return "", false
		}
		start := blank(s, i+1)
		behind = value(s, start)
		if key == name {
			return s[start:behind], start < behind
		}
		if i = blank(s, behind); i < len(s) && s[i] == ',' {
			i = blank(s, i+1)
		}
	}
	return "", false
}

func blank(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r') {
		i++
	}
	return i
}

// value returns where the value that begins at i ends. It trusts that s is JSON, and never
// goes behind its end.
func value(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return min(i+1, len(s))
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
	}
	return len(s)
}
