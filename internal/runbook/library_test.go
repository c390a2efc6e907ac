package runbook

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// own writes files into a directory of a user.
func own(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A user's runbooks stand beside the shipped ones, and their contacts in the place of the
// example. What is not usable is named, and everything else is there.
func TestLibrary(t *testing.T) {
	t.Parallel()
	sample, contacts := read(t, "testdata/sample.yaml"), read(t, "testdata/contacts.yaml")
	twice := strings.Replace(sample, "name: sample}", "name: twice}", 1)
	dir := own(t, map[string]string{
		"a.yaml": sample, "b.yaml": twice, "c.yaml": twice, "broken.yaml": sample + "x: 1\n", "people.yml": contacts,
		"notes.txt": "no runbook", "empty.yaml": "", "other.yaml": "kind: Platform\n",
	})
	l, err := Open(dir, sampleAround(t).Actions, noon)
	if l == nil || err == nil {
		t.Fatal(l, err)
	}
	if l.Around.Contacts.Metadata.Name != "sample" || l.Contacts.Shipped {
		t.Errorf("contacts %+v", l.Contacts)
	}
	if names := l.Names(); !slices.Equal(names, []string{"sample", "twice"}) {
		t.Errorf("runbooks %v", names)
	}
	for _, want := range []string{
		`two runbooks are called "twice": one in ` + filepath.Join(dir, "b.yaml") + ", one in " + filepath.Join(dir, "c.yaml"),
		filepath.Join(dir, "broken.yaml") + ":43:1: unknown field \"x\"",
		filepath.Join(dir, "empty.yaml") + ":1:1: the document is empty",
		filepath.Join(dir, "other.yaml") + ":1:7: kind is \"Platform\"",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said:\n%v", want, err)
		}
	}
	if text, at := l.Source("twice"); string(text) != twice || at.Place != filepath.Join(dir, "b.yaml") || at.Shipped {
		t.Errorf("%+v", at)
	}
	if _, ok := l.Runbook("none"); ok {
		t.Error("there is a runbook that nobody wrote")
	}
}

func TestLibraryOfTwoContacts(t *testing.T) {
	t.Parallel()
	contacts := read(t, "testdata/contacts.yaml")
	_, err := Open(own(t, map[string]string{"a.yaml": contacts, "b.yaml": contacts}), nil, noon)
	if err == nil || !strings.Contains(err.Error(), "a.yaml and in") || !strings.Contains(err.Error(), "b.yaml") {
		t.Error(err)
	}
}

// A gap in a rotation is an error, and the people who are there are called all the same.
func TestLibraryWithAGap(t *testing.T) {
	t.Parallel()
	gap := strings.Replace(read(t, "testdata/contacts.yaml"), "begins: 2026-11-02", "begins: 2027-11-02", 1)
	l, err := Open(own(t, map[string]string{"people.yaml": gap, "a.yaml": read(t, "testdata/sample.yaml")}), sampleAround(t).Actions, noon)
	if err == nil || !strings.Contains(err.Error(), "nobody of primary is on call") {
		t.Error(err)
	}
	if calls := l.Calls("ops", noon); len(calls) != 1 || calls[0].Name != "dara" {
		t.Errorf("%+v", calls)
	}
	if len(l.Names()) != 1 {
		t.Error(l.Names())
	}
}

// No directory is no error: nobody has written any.
func TestLibraryWithoutDirectory(t *testing.T) {
	t.Parallel()
	l, err := Open(filepath.Join(t.TempDir(), "none"), nil, noon)
	if l == nil || !l.Contacts.Shipped {
		t.Fatal(err)
	}
}

func TestExampleContactsAreUsable(t *testing.T) {
	t.Parallel()
	b, err := ExampleContacts()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadContacts("contacts.yaml", b, noon); err != nil {
		t.Error(err)
	}
}
