package state

import (
	"reflect"
	"slices"
	"time"
)

// copier sets dst to a copy of src that shares nothing with it that anybody could change.
type copier func(dst, src reflect.Value)

// plain copies values that hold no reference.
func plain(dst, src reflect.Value) { dst.Set(src) }

// copierOf returns the copier of a type, and whether it is plain. It is nil for types that
// cannot be copied from outside: interfaces, those that hold themselves, and those that hide
// a reference. Of time.Time only the zone is one, and zones do not change.
func copierOf(t reflect.Type, within []reflect.Type) (c copier, isPlain bool) {
	if t == reflect.TypeFor[time.Time]() {
		return plain, true
	}
	if slices.Contains(within, t) {
		return nil, false
	}
	within = append(slices.Clip(within), t)
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr, reflect.Float32, reflect.Float64:
		return plain, true
	case reflect.Struct:
		return copierOfStruct(t, within)
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer:
		elem, flat := copierOf(t.Elem(), within)
		if elem == nil {
			return nil, false
		}
		switch t.Kind() {
		case reflect.Slice:
			return copySlice(elem, flat), false
		case reflect.Array:
			return copyArray(elem, flat), flat
		case reflect.Map:
			if _, flat := copierOf(t.Key(), within); !flat {
				return nil, false
			}
			return copyMap(elem), false
		}
		return copyPointer(elem), false
	}
	return nil, false
}

func copierOfStruct(t reflect.Type, within []reflect.Type) (copier, bool) {
	type field struct {
		index int
		copy  copier
	}
	var deep []field
	for i := range t.NumField() {
		c, flat := copierOf(t.Field(i).Type, within)
		if c == nil || (!flat && !t.Field(i).IsExported()) {
			return nil, false
		}
		if !flat {
			deep = append(deep, field{i, c})
		}
	}
	if len(deep) == 0 {
		return plain, true
	}
	return func(dst, src reflect.Value) {
		dst.Set(src)
		for _, f := range deep {
			f.copy(dst.Field(f.index), src.Field(f.index))
		}
	}, false
}

func copySlice(elem copier, flat bool) copier {
	return func(dst, src reflect.Value) {
		if src.IsNil() {
			dst.SetZero()
			return
		}
		s := reflect.MakeSlice(src.Type(), src.Len(), src.Len())
		if reflect.Copy(s, src); !flat {
			for i := range src.Len() {
				elem(s.Index(i), src.Index(i))
			}
		}
		dst.Set(s)
	}
}

func copyArray(elem copier, flat bool) copier {
	if flat {
		return plain
	}
	return func(dst, src reflect.Value) {
		for i := range src.Len() {
			elem(dst.Index(i), src.Index(i))
		}
	}
}

func copyMap(elem copier) copier {
	return func(dst, src reflect.Value) {
		if src.IsNil() {
			dst.SetZero()
			return
		}
		m := reflect.MakeMapWithSize(src.Type(), src.Len())
		for i := src.MapRange(); i.Next(); {
			v := reflect.New(src.Type().Elem()).Elem()
			elem(v, i.Value())
			m.SetMapIndex(i.Key(), v)
		}
		dst.Set(m)
	}
}

func copyPointer(elem copier) copier {
	return func(dst, src reflect.Value) {
		if src.IsNil() {
			dst.SetZero()
			return
		}
		p := reflect.New(src.Type().Elem())
		elem(p.Elem(), src.Elem())
		dst.Set(p)
	}
}
