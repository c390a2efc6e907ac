package spec

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Setting is one value in which two platforms differ. A value that one of them does
// not have is "-".
type Setting struct {
	Path string `json:"path"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

const absent = "-"

// Diff returns the values in which two platforms differ, in the file's order. Regions
// are compared by name, so that moving one in the file is no difference.
func Diff(old, new *Platform) []Setting {
	d := differ{out: []Setting{}}
	d.compare("", reflect.ValueOf(*old), reflect.ValueOf(*new))
	return d.out
}

type differ struct{ out []Setting }

func (d *differ) compare(path string, a, b reflect.Value) {
	switch {
	case a.Type() == reflect.TypeFor[[]Region]():
		d.regions(path, a.Interface().([]Region), b.Interface().([]Region))
	case a.Kind() == reflect.Struct:
		for _, f := range fieldsOf(a.Type()) {
			d.compare(join(path, f.name), a.Field(f.index), b.Field(f.index))
		}
	case a.Type() == reflect.TypeFor[map[string]string]():
		d.texts(path, a.Interface().(map[string]string), b.Interface().(map[string]string))
	default:
		if x, y := shown(a), shown(b); x != y {
			d.out = append(d.out, Setting{path, x, y})
		}
	}
}

// regions compares by name: first what was there, then what is new.
func (d *differ) regions(path string, old, new []Region) {
	for _, a := range old {
		at := fmt.Sprintf("%s[%s]", path, a.Name)
		i := slices.IndexFunc(new, func(b Region) bool { return b.Name == a.Name })
		if i < 0 {
			d.out = append(d.out, Setting{at, a.Role, absent})
			continue
		}
		d.compare(at, reflect.ValueOf(a), reflect.ValueOf(new[i]))
	}
	for _, b := range new {
		if !slices.ContainsFunc(old, func(a Region) bool { return a.Name == b.Name }) {
			d.out = append(d.out, Setting{fmt.Sprintf("%s[%s]", path, b.Name), absent, b.Role})
		}
	}
}

// texts compares labels and the like, in the order of their names.
func (d *differ) texts(path string, old, new map[string]string) {
	names := map[string]bool{}
	for k := range old {
		names[k] = true
	}
	for k := range new {
		names[k] = true
	}
	for _, k := range slices.Sorted(maps.Keys(names)) {
		a, inOld := old[k]
		b, inNew := new[k]
		if !inOld {
			a = absent
		}
		if !inNew {
			b = absent
		}
		if a != b || inOld != inNew {
			d.out = append(d.out, Setting{join(path, k), a, b})
		}
	}
}

// shown prints a value as the file would have it.
func shown(v reflect.Value) string {
	if list, ok := reflect.TypeAssert[[]string](v); ok {
		return "[" + strings.Join(list, ", ") + "]"
	}
	return fmt.Sprint(v.Interface())
}
