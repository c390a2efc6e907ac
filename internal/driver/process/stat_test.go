package process

import "testing"

func FuzzParseStat(f *testing.F) {
	f.Add("42 (a (b) c) S 1 42 42 0 -1 4194560 1 0 0 0 7 8 0 0 20 0 1 0 12345 1 1")
	f.Add(") Z")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseStat(s)
		if err == nil && got.state == 0 {
			t.Fatal("accepted a line without a state")
		}
	})
}

func TestParseStatWithParentheses(t *testing.T) {
	t.Parallel()
	got, err := parseStat("42 (a (b) c) S 1 42 42 0 -1 4194560 1 0 0 0 7 8 0 0 20 0 1 0 12345 1 1")
	if err != nil || got != (stat{state: 'S', parent: 1, session: 42, threads: 1, start: 12345}) {
		t.Fatalf("%+v %v", got, err)
	}
}

func FuzzParseLimit(f *testing.F) {
	f.Add("Limit Soft Limit Hard Limit Units\nMax file locks            123456789            unlimited            locks     \n")
	f.Add("Max file locks            unlimited            unlimited            locks     \nMax pending signals 1 1 signals")
	f.Add("Max file locks")
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := parseLimit(s); err != nil && n != 0 {
			t.Fatal("a limit beside an error")
		}
	})
}
