package console

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// With is a query with one value set, or removed when empty.
func With(q url.Values, name, value string) url.Values {
	out := url.Values{}
	maps.Copy(out, q)
	out.Del(name)
	if value != "" {
		out.Set(name, value)
	}
	return out
}

// OnlyFilters refuses an unknown filter: a misspelt one would show everything and look like
// an answer.
func OnlyFilters(q url.Values, known ...string) error {
	for name := range q {
		if !slices.Contains(known, name) {
			return BadRequest(fmt.Sprintf("there is no filter named %q here", name), "Use "+strings.Join(known, ", ")+".")
		}
	}
	return nil
}

// ReadIndex reads a journal index; empty is 0.
func ReadIndex(name, text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, BadRequest(fmt.Sprintf("%s is %q, which is no journal index", name, text), "Give a whole number from 0.")
	}
	return n, nil
}

// Segments escapes an id for use in an address, leaving its slashes.
func Segments(id string) string {
	parts := strings.Split(id, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}
