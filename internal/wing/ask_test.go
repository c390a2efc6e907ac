package wing

import (
	"testing"
)

func TestTraceIsReadFromItsHeader(t *testing.T) {
	t.Parallel()
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for header, want := range map[string]string{
		"00-" + id + "-00f067aa0ba902b7-01":                        id,
		"cc-" + id + "-00f067aa0ba902b7-01-what-the-future-brings": id,
		"": "", "00": "", id: "", "00-" + id: "",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01": "",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01": "",
		"00-" + id + "0-00f067aa0ba902b7-01":                      "",
	} {
		if got := Trace(WithTrace(t.Context(), header)); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}
