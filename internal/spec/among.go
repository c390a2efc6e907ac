package spec

import (
	"fmt"
	"slices"
	"strings"
)

// NoneOfError says that a value is asked for that is none of a closed set. A question about
// nothing has no answer, and an empty list or a good figure would be taken for one.
type NoneOfError struct {
	What  string // of which set, such as "region"
	Value string
	Has   []string // the set, as people write its members
}

func (e *NoneOfError) Error() string {
	if len(e.Has) == 0 {
		return fmt.Sprintf("%s %q does not exist: there is none yet", e.What, e.Value)
	}
	all := strings.Join(e.Has, ", ")
	if best := nearest(e.Value, e.Has); best != "" {
		return fmt.Sprintf("%s %q does not exist; did you mean %q? There are: %s", e.What, e.Value, best, all)
	}
	return fmt.Sprintf("%s %q does not exist; there are: %s", e.What, e.Value, all)
}

// Among returns a [NoneOfError] where a value is not in a closed set. No value at all asks for
// everything, and is none.
func Among(what, value string, has []string) error {
	if value == "" || slices.Contains(has, value) {
		return nil
	}
	return &NoneOfError{what, value, has}
}
