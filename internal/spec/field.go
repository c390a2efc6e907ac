package spec

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field is a struct's field as the file knows it. Its bounds are read from the tags
// that the published schema is made of, so that the two cannot disagree.
type field struct {
	name     string
	index    int
	optional bool
	about    string // the schema's description
	enum     []string
	minimum  *int
	maximum  *int
}

type fields []field

// fieldsOf returns the fields of a struct in its order.
func fieldsOf(t reflect.Type) fields {
	var out fields
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, ok := sf.Tag.Lookup("yaml")
		if !ok || !sf.IsExported() {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		f := field{name: name, index: i, optional: strings.Contains(options, "omitempty"), about: sf.Tag.Get("jsonschema_description")}
		for rule := range strings.SplitSeq(sf.Tag.Get("jsonschema"), ",") {
			f.rule(rule)
		}
		out = append(out, f)
	}
	return out
}

// rule takes one rule of a schema tag over; rules of other kinds are the schema's alone.
func (f *field) rule(rule string) {
	key, value, _ := strings.Cut(rule, "=")
	n, err := strconv.Atoi(value)
	switch {
	case key == "enum":
		f.enum = append(f.enum, value)
	case key == "minimum" && err == nil:
		f.minimum = &n
	case key == "maximum" && err == nil:
		f.maximum = &n
	}
}

func (f fields) find(name string) (field, bool) {
	i := slices.IndexFunc(f, func(x field) bool { return x.name == name })
	if i < 0 {
		return field{}, false
	}
	return f[i], true
}

func (f fields) names() []string {
	out := make([]string, len(f))
	for i := range f {
		out[i] = f[i].name
	}
	return out
}

// hint says what a missing field is for.
func (f field) hint(of Form) string {
	switch {
	case len(f.enum) > 0:
		return "it is one of " + strings.Join(f.enum, ", ")
	case f.about != "":
		return f.about
	}
	return of.Shown
}

// constrain holds a value against the bounds of its field.
func (d *decoder) constrain(path string, v reflect.Value, f field) {
	if v.Kind() == reflect.String && len(f.enum) > 0 && !slices.Contains(f.enum, v.String()) {
		d.fail(path, fmt.Sprintf("%s: unknown value %q", path, v.String()), suggest(v.String(), f.enum))
	}
	if v.Kind() != reflect.Int || isText(v) {
		return
	}
	switch n := int(v.Int()); {
	case f.minimum != nil && n < *f.minimum:
		d.fail(path, fmt.Sprintf("%s is %d", path, n), fmt.Sprintf("the least is %d", *f.minimum))
	case f.maximum != nil && n > *f.maximum:
		d.fail(path, fmt.Sprintf("%s is %d", path, n), fmt.Sprintf("the most is %d", *f.maximum))
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (d *decoder) nameOf(path string) string {
	if path == "" {
		return "the " + d.src.form.File
	}
	return path
}
