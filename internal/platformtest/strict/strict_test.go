package strict

import (
	"fmt"
	"runtime"
	"testing"
)

// said is a test that notes how it ended.
type said struct {
	testing.TB
	failed, skipped string
}

func (*said) Helper() {}

func (s *said) Fatalf(format string, args ...any) {
	s.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (s *said) Skipf(format string, args ...any) {
	s.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestSkip(t *testing.T) {
	for _, c := range []struct {
		strict, ci string
		fails      bool
	}{{"", "", false}, {"1", "", true}, {"", "true", true}, {"", "false", false}} {
		t.Setenv("FOURNINES_STRICT", c.strict)
		t.Setenv("CI", c.ci)
		s := &said{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			Skip(s, "that it works", "there is no engine")
		}()
		<-done
		if (s.failed != "") != c.fails || (s.skipped != "") == c.fails {
			t.Errorf("%+v: failed %q, skipped %q", c, s.failed, s.skipped)
		}
	}
}
