package spec

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// decoder fills a struct from a document. It goes on after an error, so that one
// run shows everything that is wrong, and it remembers where each value stands.
type decoder struct {
	src    source
	at     positions
	keys   positions // where the key of each path stands
	widths map[string]int
	failed map[string]bool // paths whose value is not to be trusted
	errs   Errors
	more   int // errors beyond maxErrors
}

// note remembers where the value of a path stands.
func (d *decoder) note(path string, n ast.Node) {
	if d.widths == nil {
		d.widths = map[string]int{}
	}
	d.at[path] = place(n)
	if t := n.GetToken(); t != nil {
		d.widths[path] = len([]rune(t.Value))
	}
}

// document fills what into points to.
func (d *decoder) document(root ast.Node, into any) { d.value("", root, reflect.ValueOf(into).Elem()) }

// value fills v from n; path is empty for the whole document.
func (d *decoder) value(path string, n ast.Node, v reflect.Value) {
	d.note(path, n)
	if isText(v) {
		d.scalar(path, n, v)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.object(path, n, v)
	case reflect.Slice:
		d.list(path, n, v)
	case reflect.Map:
		d.texts(path, n, v)
	default:
		d.scalar(path, n, v)
	}
}

// object fills a struct, field by field.
func (d *decoder) object(path string, n ast.Node, v reflect.Value) {
	pairs, ok := d.pairs(path, n, "fields")
	if !ok {
		return
	}
	fields := fieldsOf(v.Type())
	seen := map[string]bool{}
	for _, kv := range pairs {
		key := keyText(kv.Key)
		seen[key] = true
		f, known := fields.find(key)
		if !known {
			d.failAt(join(path, key), place(kv.Key), len([]rune(key)), fmt.Sprintf("unknown field %q in %s", key, d.nameOf(path)), suggest(key, fields.names()))
			meant := nearest(key, fields.names()) // one slip is one error
			seen[meant], d.failed[join(path, meant)] = true, true
			continue
		}
		d.keys[join(path, key)] = place(kv.Key)
		d.value(join(path, key), kv.Value, v.Field(f.index))
		if !d.failed[join(path, key)] {
			d.constrain(join(path, key), v.Field(f.index), f)
		}
	}
	for _, f := range fields {
		if !seen[f.name] && !f.optional {
			d.missing(path, f)
		}
	}
}

// missing points to the name of what lacks a field.
func (d *decoder) missing(path string, f field) {
	at, named := d.keys[path]
	name := path[strings.LastIndex(path, ".")+1:]
	if !named {
		at, name = d.at.near(path), ""
	}
	d.failAt(join(path, f.name), at, len(name), fmt.Sprintf("field %q is missing in %s", f.name, d.nameOf(path)), f.hint(d.src.form))
}

// pairs returns the entries of a mapping, each key once.
func (d *decoder) pairs(path string, n ast.Node, want string) ([]*ast.MappingValueNode, bool) {
	var all []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		all = m.Values
	case *ast.MappingValueNode:
		all = []*ast.MappingValueNode{m}
	default:
		d.fail(path, fmt.Sprintf("%s is %s, and should be %s", d.nameOf(path), kindOf(n), want), "")
		return nil, false
	}
	first := map[string]position{}
	out := make([]*ast.MappingValueNode, 0, len(all))
	for _, kv := range all {
		key := keyText(kv.Key)
		if at, twice := first[key]; twice {
			d.failAt(join(path, key), place(kv.Key), len([]rune(key)), fmt.Sprintf("field %q appears twice in %s", key, d.nameOf(path)), fmt.Sprintf("the first is on line %d", at.line))
			continue
		}
		first[key] = place(kv.Key)
		out = append(out, kv)
	}
	return out, true
}

// list fills a slice.
func (d *decoder) list(path string, n ast.Node, v reflect.Value) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fail(path, fmt.Sprintf("%s is %s, and should be a list", d.nameOf(path), kindOf(n)), "")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values)))
	for i, item := range s.Values {
		d.value(fmt.Sprintf("%s[%d]", path, i), item, v.Index(i))
	}
}

// texts fills a map of strings, such as labels.
func (d *decoder) texts(path string, n ast.Node, v reflect.Value) {
	pairs, ok := d.pairs(path, n, "names with values")
	if !ok {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, kv := range pairs {
		key := keyText(kv.Key)
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(join(path, key), kv.Value, item)
		v.SetMapIndex(reflect.ValueOf(key), item)
	}
}

// head refuses a document of another kind or version, before its fields are judged as ours.
func (d *decoder) head(root ast.Node) Errors {
	d.note("", root)
	pairs, ok := d.pairs("", root, "the fields of "+d.src.form.Thing+": apiVersion, kind, metadata and spec")
	if !ok {
		return d.all()
	}
	d.errs, d.failed, d.more = nil, nil, 0 // keys that appear twice are found again
	for _, kv := range pairs {
		want, is := map[string]string{"apiVersion": APIVersion, "kind": d.src.form.Kind}[keyText(kv.Key)]
		if got := scalarText(kv.Value); is && got != want {
			d.note(keyText(kv.Key), kv.Value)
			d.fail(keyText(kv.Key), fmt.Sprintf("%s is %q", keyText(kv.Key), got), fmt.Sprintf("this version of fournines reads %q", want))
		}
	}
	return d.all()
}

// keyText returns a key as it is written, without quotes.
func keyText(k ast.MapKeyNode) string {
	if t := k.GetToken(); t != nil {
		return t.Value
	}
	return k.String()
}

// place returns where a node begins.
func place(n ast.Node) position {
	var t *token.Token
	switch x := n.(type) {
	case *ast.MappingNode:
		if t = x.Start; len(x.Values) > 0 && !x.IsFlowStyle {
			return place(x.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return place(x.Key)
	default:
		t = n.GetToken()
	}
	if t == nil || t.Position == nil {
		return position{1, 1}
	}
	return position{max(1, t.Position.Line), max(1, t.Position.Column)}
}
