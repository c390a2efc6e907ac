package spec

import (
	"errors"
	"testing"
)

func TestWhatIsNoneOfASetIsNamed(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"": "", "a": "", "mars": `region "mars" does not exist; there are: a, b`, " a": `region " a" does not exist; did you mean "a"? There are: a, b`} {
		err := Among("region", value, []string{"a", "b"})
		if (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%q: %v, want %q", value, err, want)
		}
	}
	err := Among("service", "api", nil)
	if _, none := errors.AsType[*NoneOfError](err); !none || err.Error() != `service "api" does not exist: there is none yet` {
		t.Error(err)
	}
}
