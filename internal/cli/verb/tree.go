package verb

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Tree shows lines that change: redrawn in place on a terminal, and in a pipe as one
// line for each change.
type Tree struct {
	Live bool // it draws on a terminal

	out   io.Writer
	drawn int
	seen  map[string]bool
	width int // columns of the terminal; 0: unknown
}

// NewTree returns a tree that draws on out.
func NewTree(out io.Writer) *Tree {
	t := &Tree{out: out, seen: map[string]bool{}}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		t.Live = true
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			t.width = width
		}
	}
	return t
}

// Line is one line with what a pipe shows of it: Steady is free of times and counters, and
// empty where a pipe shows nothing.
type Line struct{ Text, Steady string }

// Draw shows the lines in place of those that were drawn before.
func (t *Tree) Draw(lines []Line) {
	var b strings.Builder
	if t.Live {
		if t.drawn > 0 {
			fmt.Fprintf(&b, "\x1b[%dA", t.drawn)
		}
		for _, l := range lines {
			fmt.Fprintf(&b, "\x1b[2K%s\n", cut(l.Text, t.width))
		}
		b.WriteString("\x1b[J")
		t.drawn = len(lines)
	} else {
		for _, l := range lines {
			if l.Steady != "" && !t.seen[l.Steady] {
				t.seen[l.Steady] = true
				b.WriteString(l.Steady + "\n")
			}
		}
	}
	_, _ = io.WriteString(t.out, b.String()) // nobody is left to tell
}

func cut(s string, width int) string {
	if r := []rune(s); width > 0 && len(r) >= width {
		return string(r[:width-1])
	}
	return s
}
