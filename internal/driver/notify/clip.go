package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// length counts UTF-16 units, the larger of the two ways in which services count
// characters.
func length(s string) int {
	n := 0
	for _, r := range s {
		n += units(r)
	}
	return n
}

func units(r rune) int { return max(1, utf16.RuneLen(r)) }

const ellipsis = "…"

// clip makes s valid text of at most n characters, with an ellipsis where it was cut.
func clip(s string, n int) string { return clipAs(s, n, clean) }

// clipAs writes each character as a service needs it and cuts between two of them.
func clipAs(s string, n int, as func(rune) string) string {
	var b strings.Builder
	used, whole := 0, 0
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		out := as(r)
		used += length(out)
		if used > n {
			return b.String()[:whole] + ellipsis
		}
		b.WriteString(out)
		if used <= n-1 {
			whole = b.Len()
		}
	}
	return b.String()
}

// clean leaves out what is no text: control characters other than line breaks and tabs.
func clean(r rune) string {
	if unicode.IsControl(r) && r != '\n' && r != '\t' {
		return " "
	}
	return string(r)
}

// dedupKey keeps a key within the characters that PagerDuty takes, and keys apart.
func dedupKey(key string) string {
	if s := clip(key, pagerDutyKey); s == key {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	digest := hex.EncodeToString(sum[:])
	return clip(key, pagerDutyKey-1-len(digest)) + "-" + digest
}

// Bounds of what every driver shows.
const (
	maxFigures = 50
	maxName    = 100 // characters of a figure's name
	maxValue   = 500 // characters of its value
)

// figure is one measured value.
type figure struct{ name, value string }

// figuresOf lists the figures by name, cut to the bounds. left is how many were left out.
func figuresOf(a Alert) (list []figure, left int) {
	names := slices.Sorted(maps.Keys(a.Figures))
	if left = len(names) - maxFigures; left > 0 {
		names = names[:maxFigures]
	}
	seen := map[string]bool{}
	for _, n := range names {
		name := clip(n, maxName)
		for i := 2; name == "" || seen[name]; i++ { // cut names may meet
			name = clip(n, maxName-4) + "~" + strconv.Itoa(i)
		}
		seen[name] = true
		list = append(list, figure{name, clip(a.Figures[n], maxValue)})
	}
	return list, max(0, left)
}

// entriesOf writes journal indexes as ranges: 3, 7–9.
func entriesOf(a Alert, n int) string {
	all := slices.Clone(a.Entries)
	slices.Sort(all)
	all = slices.Compact(all)
	var b strings.Builder
	for i := 0; i < len(all); {
		last := i
		for last+1 < len(all) && all[last+1] == all[last]+1 {
			last++
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatUint(all[i], 10))
		if last > i {
			b.WriteString("–" + strconv.FormatUint(all[last], 10))
		}
		i = last + 1
	}
	return clip(b.String(), n)
}
