package runbook

import (
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestErrors runs testdata/errors: `edit` reads the sample with the input's edits, a line
// "OLD => NEW" each, and `parse` its input as it stands. Both print what an author is told.
func TestErrors(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata/errors", func(t *testing.T, path string) {
		file, read := "testdata/sample.yaml", func(text string) error {
			_, err := Read("file.yaml", []byte(text), sampleAround(t))
			return err
		}
		if strings.Contains(path, "contacts") {
			file, read = "testdata/contacts.yaml", func(text string) error {
				_, err := ReadContacts("file.yaml", []byte(text), noon)
				return err
			}
		}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			text := d.Input
			if d.Cmd == "edit" {
				text = edited(t, file, d.Input)
			}
			if err := read(text); err != nil {
				return err.Error() + "\n"
			}
			return "usable\n"
		})
	})
}

// edited returns a file with edits; \n in one begins a line.
func edited(t *testing.T, file, edits string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for line := range strings.SplitSeq(edits, "\n") {
		from, to, ok := strings.Cut(line, " =>")
		if !ok {
			t.Fatalf("%q is no edit", line)
		}
		from, to = strings.TrimSpace(from), strings.TrimSpace(to)
		from, to = strings.ReplaceAll(from, `\n`, "\n"), strings.ReplaceAll(to, `\n`, "\n")
		if strings.Count(text, from) != 1 {
			t.Fatalf("%q stands %d times in %s", from, strings.Count(text, from), file)
		}
		text = strings.Replace(text, from, to, 1)
	}
	return text
}

// Editors rely on the schemas, so that every change to them is seen. `go test -rewrite` accepts it.
func TestSchemaGolden(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() ([]byte, error){"runbook": Schema, "contacts": ContactsSchema} {
		datadriven.RunTest(t, "testdata/schema/"+name+".txt", func(t *testing.T, d *datadriven.TestData) string {
			b, err := make()
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		})
	}
}

// A person reads it at night, so that every change to the page is seen.
func TestTextGolden(t *testing.T) {
	t.Parallel()
	datadriven.RunTest(t, "testdata/text.txt", func(t *testing.T, d *datadriven.TestData) string {
		a := sampleAround(t)
		b, err := os.ReadFile("testdata/sample.yaml")
		if err != nil {
			t.Fatal(err)
		}
		r, err := Read("sample.yaml", b, a)
		if err != nil {
			t.Fatal(err)
		}
		out := TextOf(r, a)
		for line := range strings.Lines(out) {
			if n := len([]rune(line)); n > 100 {
				t.Errorf("a line has %d characters: %s", n, line)
			}
		}
		return out
	})
}
