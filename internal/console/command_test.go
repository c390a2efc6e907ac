package console

import (
	"strings"
	"testing"
)

// FuzzQuote holds the equal command to one shell word for any text.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "plain", "it's", "$(rm -rf /)", "a\nb", "'", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := unquote(Quote(text)); got != text {
			t.Errorf("Quote(%q) = %s, which a shell reads as %q", text, Quote(text), got)
		}
	})
}

// unquote reads one word as a POSIX shell does, knowing only what quote may write.
func unquote(word string) string {
	var out strings.Builder
	quoted := false
	for i := 0; i < len(word); i++ {
		switch {
		case word[i] == '\'':
			quoted = !quoted
		case !quoted && word[i] == '\\':
			i++
			out.WriteByte(word[i])
		case !quoted && strings.IndexByte(" \t\n$`\"&|;<>()*?[]#~!{}=%", word[i]) >= 0:
			return "not one word"
		default:
			out.WriteByte(word[i])
		}
	}
	return out.String()
}
