package resp_test

import (
	"bufio"
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/edge/resp"
)

func TestRead(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, wire string
		want       resp.Value
		err        string
	}{
		{"simple", "+OK\r\n", resp.Value{Text: "OK"}, ""},
		{"error", "-ERR no\r\n", resp.Value{Error: "ERR no"}, ""},
		{"integer", ":-42\r\n", resp.Value{Int: -42}, ""},
		{"bulk", "$3\r\na\r\n\r\n", resp.Value{Text: "a\r\n"}, ""},
		{"null", "$-1\r\n", resp.Value{Null: true}, ""},
		{"array", "*2\r\n$1\r\na\r\n:1\r\n", resp.Value{List: []resp.Value{{Text: "a"}, {Int: 1}}}, ""},
		{"null array", "*-1\r\n", resp.Value{Null: true}, ""},
		{"too deep", strings.Repeat("*1\r\n", 20), resp.Value{}, "nested deeper"},
		{"too long", "$99999999\r\n", resp.Value{}, "outside 0-"},
		{"negative", "$-2\r\n", resp.Value{}, "outside 0-"},
		{"unfinished", "$5\r\nab", resp.Value{}, "unexpected EOF"},
		{"wrong end", "$1\r\nabc", resp.Value{}, "does not end there"},
		{"no carriage return", "+OK\n", resp.Value{}, "CRLF"},
		{"unknown type", "!x\r\n", resp.Value{}, "unknown"},
		{"nothing", "", resp.Value{}, "EOF"},
	}
	for _, c := range cases {
		got, err := resp.Read(bufio.NewReader(strings.NewReader(c.wire)))
		if c.err == "" && (err != nil || !reflect.DeepEqual(got, c.want)) {
			t.Errorf("%s: got %+v, %v", c.name, got, err)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.err)
		}
	}
}

// FuzzCommand: a command reads back as the words it was made of.
func FuzzCommand(f *testing.F) {
	f.Add("SENTINEL", "MASTER\r\n$1")
	f.Fuzz(func(t *testing.T, a, b string) {
		v, err := resp.Read(bufio.NewReader(bytes.NewReader(resp.Command(a, b))))
		if err != nil || len(v.List) != 2 || v.List[0].Text != a || v.List[1].Text != b {
			t.Fatalf("%+v, %v", v, err)
		}
	})
}

// FuzzRead: reading ends in a value or an error, whatever comes.
func FuzzRead(f *testing.F) {
	f.Add([]byte("*2\r\n$1\r\na\r\n*1\r\n:1\r\n"))
	f.Add([]byte("*4096\r\n*4096\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := resp.Read(bufio.NewReader(bytes.NewReader(data)))
		if err == nil && size(v) > len(data) {
			t.Fatalf("%d bytes became a value of %d", len(data), size(v))
		}
	})
}

func size(v resp.Value) int {
	n := len(v.Text) + len(v.Error)
	for _, e := range v.List {
		n += 1 + size(e)
	}
	return n
}
