package verb

import (
	"errors"
	"fmt"
	"testing"

	"github.com/greenlang/fournines/internal/api/client"
)

// The type of an error decides, whatever stands around it and whatever its text says.
func TestCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, OK},
		{errors.New("unknown command, required flag, 2 arg(s)"), Failed},
		{Exit(Missed, nil), OK},
		{fmt.Errorf("while asked: %w", Exitf(Tampered, "a hash differs")), Tampered},
		{errors.Join(errors.New("first"), Exitf(Missed, "second")), Missed},
		{&client.Problem{Status: 409}, Refused},
		{fmt.Errorf("ask: %w", &client.Problem{Status: 422}), Misused},
		{&client.Problem{Status: 400}, Misused},
		{&client.Problem{Status: 404}, Failed},
		{&client.Problem{Status: 503}, Failed},
		{Exit(Refused, &client.Problem{Status: 422}), Refused},
	} {
		if got := Code(c.err); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
}
