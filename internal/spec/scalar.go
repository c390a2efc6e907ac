package spec

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// isText tells whether v reads itself from text, as Duration and Ratio do.
func isText(v reflect.Value) bool {
	_, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr())
	return ok
}

// scalarText returns what a single value says, without quotes; empty for anything else.
func scalarText(n ast.Node) string {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value
	case *ast.LiteralNode:
		return x.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return x.GetToken().Value
	}
	return ""
}

// scalar fills a single value.
func (d *decoder) scalar(path string, n ast.Node, v reflect.Value) {
	if err := setScalar(n, v); err != nil {
		d.fail(path, fmt.Sprintf("%s: %s", d.nameOf(path), err), "")
	}
}

func setScalar(n ast.Node, v reflect.Value) error {
	text := scalarText(n)
	if text == "" {
		if _, quoted := n.(*ast.StringNode); !quoted {
			return fmt.Errorf("this is %s, and should be %s", kindOf(n), wanted(v))
		}
	}
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		return u.UnmarshalText([]byte(text))
	}
	mismatch := fmt.Errorf("%q is %s, and should be %s", text, kindOf(n), wanted(v))
	switch v.Kind() {
	case reflect.String:
		switch n.(type) {
		case *ast.StringNode, *ast.LiteralNode:
			v.SetString(text)
			return nil
		}
		return fmt.Errorf("%w; put it in quotes", mismatch)
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			return mismatch
		}
		v.SetBool(b.Value)
		return nil
	case reflect.Int:
		return setInt(text, n, v, mismatch)
	}
	return mismatch
}

// setInt reads decimal numbers only: 0o17 and 1_000 are slips more often than wishes.
func setInt(text string, n ast.Node, v reflect.Value, mismatch error) error {
	if _, ok := n.(*ast.IntegerNode); !ok {
		return mismatch
	}
	i, err := strconv.ParseInt(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s is too large", text)
	}
	if err != nil || (len(text) > 1 && strings.HasPrefix(text, "0")) {
		return fmt.Errorf("%q is not a number in decimal digits", text)
	}
	v.SetInt(i)
	return nil
}

func wanted(v reflect.Value) string {
	switch v.Interface().(type) {
	case Duration, Retention:
		return "a duration such as 10s"
	case Ratio:
		return "a share such as 99.99%"
	}
	switch v.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	}
	return "text"
}

func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a group of fields"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "empty"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	}
	return "something else"
}
