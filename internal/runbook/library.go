package runbook

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/greenlang/fournines/internal/spec"
)

//go:embed shipped/*.yaml
var shipped embed.FS

// Origin is where a document stands.
type Origin struct {
	Name    string `json:"name"`
	Place   string `json:"place"`   // of the file
	Shipped bool   `json:"shipped"` // with this program
}

// Library is every runbook that there is, and the contacts.
type Library struct {
	Around   Around
	Contacts Origin // of Around.Contacts
	books    []book
}

type book struct {
	Origin
	*Runbook
	text []byte
}

// file is one document before it is judged.
type file struct {
	Origin
	text []byte
	kind string
}

// Open reads the shipped documents, and those of a directory, which may be absent; contacts of
// the directory take the place of the shipped example. The library is also there with an error:
// it has every runbook that is usable, and the error says why the others are not.
func Open(dir string, actions Catalog, now time.Time) (*Library, error) {
	files, err := readAll(shipped, "shipped", true)
	if err != nil {
		return nil, err
	}
	own, err := readOwn(dir)
	if err != nil {
		return nil, err
	}
	l := &Library{Around: Around{Actions: actions, Now: now}}
	errs := []error{l.contacts(files, own)}
	for _, f := range slices.Concat(files, own) {
		if f.kind != KindContacts {
			errs = append(errs, l.add(f))
		}
	}
	slices.SortFunc(l.books, func(a, b book) int { return cmp.Compare(a.Name, b.Name) })
	return l, errors.Join(errs...)
}

func readOwn(dir string) ([]file, error) {
	if dir == "" {
		return nil, nil
	}
	out, err := readAll(os.DirFS(dir), ".", false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for i := range out {
		out[i].Place = filepath.Join(dir, out[i].Place)
	}
	return out, err
}

func readAll(from fs.FS, dir string, shipped bool) ([]file, error) {
	names, err := fs.ReadDir(from, dir)
	if err != nil {
		return nil, fmt.Errorf("read runbooks: %w", err)
	}
	var out []file
	for _, n := range names {
		if n.IsDir() || !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(n.Name())) {
			continue
		}
		place := n.Name()
		if dir != "." {
			place = dir + "/" + place
		}
		b, err := readFile(from, place)
		if err != nil {
			return nil, fmt.Errorf("read runbook %s: %w", place, err)
		}
		out = append(out, file{Origin: Origin{Place: place, Shipped: shipped}, text: b, kind: kindIn(b)})
	}
	return out, nil
}

// readFile reads one byte more than a document may have, which is enough to refuse it.
func readFile(from fs.FS, place string) ([]byte, error) {
	f, err := from.Open(place)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return io.ReadAll(io.LimitReader(f, spec.MaxBytes+1))
}

// kindIn returns the kind that heads a document, as far as it can be told without judging it.
func kindIn(b []byte) string {
	for line := range strings.Lines(string(b[:min(len(b), 64<<10)])) {
		if value, ok := strings.CutPrefix(line, "kind:"); ok {
			var kind string
			if yaml.Unmarshal([]byte(value), &kind) == nil {
				return kind
			}
		}
	}
	return ""
}

// contacts takes the contacts of the directory, or else the shipped ones.
func (l *Library) contacts(files, own []file) error {
	is := func(f file) bool { return f.kind == KindContacts }
	if i := slices.IndexFunc(own, is); i >= 0 {
		if j := slices.IndexFunc(own[i+1:], is); j >= 0 {
			return fmt.Errorf("there are contacts in %s and in %s: keep one, so that nobody is called from an old list", own[i].Place, own[i+1+j].Place)
		}
		files = own[i : i+1]
	}
	i := slices.IndexFunc(files, is)
	if i < 0 {
		return errors.New("there are no contacts")
	}
	c, err := ReadContacts(files[i].Place, files[i].text, l.Around.Now)
	if err != nil { // a gap in a rotation is no reason to have no runbooks: whoever can be called is
		c = &Contacts{}
		if contactsForm.Read(files[i].Place, files[i].text, c, nil) != nil {
			return err
		}
	}
	l.Around.Contacts, l.Contacts = c, files[i].Origin
	l.Contacts.Name = c.Metadata.Name
	return err
}

func (l *Library) add(f file) error {
	r, err := Read(f.Place, f.text, l.Around)
	if err != nil {
		return err
	}
	f.Name = r.Metadata.Name
	if i := l.find(f.Name); i >= 0 {
		return fmt.Errorf("two runbooks are called %q: one in %s, one in %s; the first is used, give the other another name", f.Name, l.books[i].placed(), f.Origin.placed())
	}
	l.books = append(l.books, book{f.Origin, r, f.text})
	return nil
}

func (o Origin) placed() string {
	if o.Shipped {
		return "this program (" + o.Place + ")"
	}
	return o.Place
}

func (l *Library) find(name string) int {
	return slices.IndexFunc(l.books, func(b book) bool { return b.Name == name })
}

// Runbook returns the runbook of that name.
func (l *Library) Runbook(name string) (*Runbook, bool) {
	if i := l.find(name); i >= 0 {
		return l.books[i].Runbook, true
	}
	return nil, false
}

// Source returns a runbook's text and where it stands.
func (l *Library) Source(name string) ([]byte, Origin) {
	if i := l.find(name); i >= 0 {
		return l.books[i].text, l.books[i].Origin
	}
	return nil, Origin{}
}

// Names returns the names of the runbooks, sorted.
func (l *Library) Names() []string {
	out := make([]string, 0, len(l.books))
	for _, b := range l.books {
		out = append(out, b.Name)
	}
	return out
}

// ExampleContacts returns the text of the shipped contacts, as something to edit.
func ExampleContacts() ([]byte, error) { return shipped.ReadFile("shipped/contacts.yaml") }

// Judge says what is wrong with a document that is not in the library, as it would be beside
// those that are; nil: nothing. The error is a [spec.Errors].
func (l *Library) Judge(name string, text []byte) error {
	if kindIn(text) == KindContacts {
		_, err := ReadContacts(name, text, l.Around.Now)
		return err
	}
	_, err := Read(name, text, l.Around)
	return err
}
