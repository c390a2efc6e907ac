package fact

import (
	"fmt"
	"strings"
)

// Way is one direction between two regions.
type Way struct{ From, To string }

// Back is the other direction.
func (w Way) Back() Way { return Way{w.To, w.From} }

// String is FROM>TO, which [ParseWay] reads.
func (w Way) String() string { return w.From + ">" + w.To }

// ParseWay reads FROM>TO.
func ParseWay(s string) (Way, error) {
	from, to, ok := strings.Cut(s, ">")
	if !ok || from == "" || to == "" || from == to || strings.Contains(to, ">") {
		return Way{}, fmt.Errorf("read way %q: write FROM>TO with two regions", s)
	}
	return Way{from, to}, nil
}
