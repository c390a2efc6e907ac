package seal

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// walk follows pointers into a document and replaces what they lead to.
type walk struct {
	visit func(at string, v any) (any, error)
}

func (w walk) apply(v any, at string, tokens []string) (any, error) {
	if len(tokens) == 0 {
		return w.visit(at, v)
	}
	if _, ok := v.(json.RawMessage); ok {
		return nil, fmt.Errorf("%q was sealed as a whole by another path", at)
	}
	names, get, set := children(v)
	for _, name := range names {
		if tokens[0] != "*" && tokens[0] != name {
			continue
		}
		child, err := w.apply(get(name), at+"/"+escape(name), tokens[1:])
		if err != nil {
			return nil, err
		}
		set(name, child)
	}
	return v, nil
}

// children lists the members or elements of a value, with the names that pointers give them.
func children(v any) (names []string, get func(string) any, set func(string, any)) {
	switch v := v.(type) {
	case map[string]any:
		return slices.Sorted(maps.Keys(v)), func(n string) any { return v[n] }, func(n string, e any) { v[n] = e }
	case []any:
		index := make(map[string]int, len(v))
		for i := range v {
			names = append(names, strconv.Itoa(i))
			index[names[i]] = i
		}
		return names, func(n string) any { return v[index[n]] }, func(n string, e any) { v[index[n]] = e }
	}
	return nil, nil, nil
}

func holdsSealed(v any) bool {
	if _, ok := v.(json.RawMessage); ok {
		return true
	}
	names, get, _ := children(v)
	return slices.ContainsFunc(names, func(n string) bool { return holdsSealed(get(n)) })
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

func tokensOf(pointer string) ([]string, error) {
	if pointer == "" {
		return nil, nil
	}
	if pointer[0] != '/' {
		return nil, fmt.Errorf("path %q: a JSON pointer begins with a slash, such as /customer/email", pointer)
	}
	tokens := strings.Split(pointer[1:], "/")
	for i, t := range tokens {
		tokens[i] = strings.ReplaceAll(strings.ReplaceAll(t, "~1", "/"), "~0", "~")
	}
	return tokens, nil
}
