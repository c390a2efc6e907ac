package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// MaxDocument bounds a JSON document whose fields are sealed or opened, in bytes.
const MaxDocument = 64 << 10

// SealFields replaces the values at paths by sealed ones. A path is a JSON pointer (RFC
// 6901), in which * stands for every element of an array or member of an object. It also
// returns the pointers that were sealed, without those that matched nothing, so that a
// caller can require a field. Numbers keep their digits; the members of objects come out
// sorted.
func (s *Sealer) SealFields(subject, kind string, doc []byte, paths []string) (out []byte, sealed []string, err error) {
	w := walk{visit: func(at string, v any) (any, error) {
		if holdsSealed(v) {
			return nil, fmt.Errorf("seal fields of %s: %q overlaps another path", kind, at)
		}
		plaintext, err := encodeJSON(v)
		if err != nil {
			return nil, err
		}
		b, err := s.Seal(subject, Context{kind, at}, plaintext)
		sealed = append(sealed, at)
		return json.RawMessage(b), err
	}}
	v, err := decodeJSON(doc)
	if err != nil {
		return nil, nil, fmt.Errorf("seal fields of %s: %w", kind, err)
	}
	for _, path := range paths {
		tokens, err := tokensOf(path)
		if err != nil {
			return nil, nil, fmt.Errorf("seal fields of %s: %w", kind, err)
		}
		if v, err = w.apply(v, "", tokens); err != nil {
			return nil, nil, err
		}
	}
	out, err = encodeJSON(v)
	return out, sealed, err
}

// OpenFields opens every sealed value of a document. One of an erased subject becomes
// {"erased":TIME}. A value that does not open stays as it is, and the error names it; the
// document is returned nevertheless.
func (s *Sealer) OpenFields(kind string, doc []byte) ([]byte, error) {
	v, err := decodeJSON(doc)
	if err != nil {
		return nil, fmt.Errorf("open fields of %s: %w", kind, err)
	}
	var problems []error
	opened := s.openAll(kind, "", v, &problems)
	out, err := encodeJSON(opened)
	return out, errors.Join(append(problems, err)...)
}

func (s *Sealer) openAll(kind, at string, v any, problems *[]error) any {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			v[i] = s.openAll(kind, at+"/"+strconv.Itoa(i), e, problems)
		}
	case map[string]any:
		if _, ok := v["sealed"].(map[string]any); ok && len(v) == 1 {
			return s.openOne(kind, at, v, problems)
		}
		for name, e := range v {
			v[name] = s.openAll(kind, at+"/"+escape(name), e, problems)
		}
	}
	return v
}

func (s *Sealer) openOne(kind, at string, v map[string]any, problems *[]error) any {
	b, err := encodeJSON(v)
	if err == nil {
		b, err = s.Open(b, Context{kind, at})
	}
	var erased *ErasedError
	switch {
	case errors.As(err, &erased):
		return map[string]any{"erased": erased.At.Format(time.RFC3339Nano)}
	case err != nil:
		*problems = append(*problems, err)
		return v
	case !json.Valid(b): // sealed by Seal alone, which takes any bytes
		*problems = append(*problems, fmt.Errorf("open %s of %s: the sealed value is not JSON; use Open", at, kind))
		return v
	}
	return json.RawMessage(b)
}

func decodeJSON(doc []byte) (any, error) {
	if len(doc) > MaxDocument {
		return nil, fmt.Errorf("document has %d bytes, the bound is %d", len(doc), MaxDocument)
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("document is not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more follows the document")
	}
	return v, nil
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
