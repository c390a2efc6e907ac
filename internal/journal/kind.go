package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/invopop/jsonschema"
)

// Kind is one kind of entry: what it is called, what it means, and what its data are.
type Kind struct {
	Name string
	Doc  string       // one sentence
	Data reflect.Type // nil: it has none
}

// KindOf is a kind whose data are a T.
type KindOf[T any] struct{ Kind }

// BareKind is a kind without data.
type BareKind struct{ Kind }

// NewKind names a kind of entry with data.
func NewKind[T any](name, doc string) KindOf[T] {
	return KindOf[T]{Kind{Name: name, Doc: doc, Data: reflect.TypeFor[T]()}}
}

// NewBareKind names a kind of entry without data.
func NewBareKind(name, doc string) BareKind { return BareKind{Kind{Name: name, Doc: doc}} }

// Entry returns an entry of the kind.
func (k KindOf[T]) Entry(subject, operation string, data T) (Entry, error) {
	return New(k.Name, subject, operation, data)
}

// Entry returns an entry of the kind.
func (k BareKind) Entry(subject, operation string) Entry {
	return Entry{Kind: k.Name, Subject: subject, Operation: operation}
}

// maxKinds bounds the number of different kinds: they become names of metrics and columns.
const maxKinds = 1000

var errKind = errors.New("kind of entry")

// kindsByName checks kinds and returns them by their names.
func kindsByName(kinds []Kind) (map[string]Kind, error) {
	if len(kinds) > maxKinds {
		return nil, fmt.Errorf("%w: there are %d, the bound is %d", errKind, len(kinds), maxKinds)
	}
	known := make(map[string]Kind, len(kinds))
	for _, k := range kinds {
		if _, twice := known[k.Name]; twice {
			return nil, fmt.Errorf("%w %q: it is declared twice", errKind, k.Name)
		}
		if k.Name == "" || len(k.Name) > MaxKind {
			return nil, fmt.Errorf("%w %.64q: a name has 1 to %d bytes", errKind, k.Name, MaxKind)
		}
		if k.Doc == "" {
			return nil, fmt.Errorf("%w %q: it needs a sentence that says what it means", errKind, k.Name)
		}
		known[k.Name] = k
	}
	return known, nil
}

// allowed refuses an entry of a kind that nobody declared, and data where the kind has none.
func (j *Journal) allowed(e *Entry) error {
	if len(j.o.Kinds) == 0 || e.Kind == "" {
		return nil
	}
	k, ok := j.kinds[e.Kind]
	switch {
	case !ok:
		return fmt.Errorf("%w %.64q: it is not declared; did you mean %q?", errKind, e.Kind, nearest(e.Kind, j.o.Kinds))
	case k.Data == nil && len(e.Data) > 0:
		return fmt.Errorf("%w %q: it has no data, and this entry has %d bytes", errKind, e.Kind, len(e.Data))
	case k.Data != nil && len(e.Data) == 0:
		return fmt.Errorf("%w %q: its data are missing, a %s", errKind, e.Kind, k.Data)
	}
	return nil
}

// nearest returns the declared name with the least edit distance.
func nearest(name string, kinds []Kind) string {
	return slices.MinFunc(kinds, func(a, b Kind) int { return distance(name, a.Name) - distance(name, b.Name) }).Name
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	a = a[:min(len(a), MaxKind)]
	row := make([]int, len(b)+1)
	for i := range row {
		row[i] = i
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for k := range len(b) {
			cost := diagonal
			if a[i] != b[k] {
				cost = 1 + min(diagonal, row[k], row[k+1])
			}
			diagonal, row[k+1] = row[k+1], cost
		}
	}
	return row[len(b)]
}

// Schemas returns the JSON schema of each kind's data, by name; null for kinds without.
func Schemas(kinds []Kind) (map[string]json.RawMessage, error) {
	out := make(map[string]json.RawMessage, len(kinds))
	for _, k := range kinds {
		if k.Data == nil {
			out[k.Name] = json.RawMessage("null")
			continue
		}
		r := jsonschema.Reflector{Anonymous: true, AllowAdditionalProperties: true}
		s := r.ReflectFromType(k.Data)
		s.Description = k.Doc
		b, err := json.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("schema of %w %q: %w", errKind, k.Name, err)
		}
		out[k.Name] = b
	}
	return out, nil
}
