package verb

import (
	"bytes"
	"testing"
)

// A terminal gets the lines redrawn in place; a pipe gets one line for each change, without
// times and without escapes.
func TestTree(t *testing.T) {
	t.Parallel()
	draw := func(tree *Tree) {
		tree.Draw([]Line{{Text: "move  1 s", Steady: "move"}, {Text: "  · check"}})
		tree.Draw([]Line{{Text: "move  2 s", Steady: "move"}, {Text: "  ✔ check and more", Steady: "  ✔ check"}})
	}
	var pipe bytes.Buffer
	draw(NewTree(&pipe))
	if want := "move\n  ✔ check\n"; pipe.String() != want {
		t.Errorf("a pipe gets %q, want %q", pipe.String(), want)
	}
	var terminal bytes.Buffer
	tree := NewTree(&terminal)
	tree.Live, tree.width = true, 10
	draw(tree)
	if want := "\x1b[2Kmove  1 s\n\x1b[2K  · check\n\x1b[J" + "\x1b[2A\x1b[2Kmove  2 s\n\x1b[2K  ✔ check\n\x1b[J"; terminal.String() != want {
		t.Errorf("a terminal gets %q, want %q", terminal.String(), want)
	}
}
