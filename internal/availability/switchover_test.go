package availability

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/greenlang/fournines/internal/fact"
)

// moving is a cluster with a switchover under way that an earlier life of the step asked for.
type moving struct {
	Members
	looks   []string // who leads, look by look; the last one stays
	refusal error
	asked   int
}

func (m *moving) Read(context.Context, string) (fact.PostgresLock, error) {
	leader := m.looks[0]
	if len(m.looks) > 1 {
		m.looks = m.looks[1:]
	}
	return fact.PostgresLock{Leader: leader}, nil
}

func (m *moving) Release(context.Context, string, string, int64) error { return errors.ErrUnsupported }

func (m *moving) Switchover(context.Context, string, string, string) error {
	m.asked++
	return m.refusal
}

// A step that is repeated meets what it began: the leader may change between its look and
// its request, and for a moment nobody leads.
func TestMoveMeetsItself(t *testing.T) {
	t.Parallel()
	refused := errors.New("412: leader name does not match")
	for name, c := range map[string]struct {
		looks   []string
		refusal error
		asked   int
		moved   bool
	}{
		"first life":                      {looks: []string{"a"}, asked: 1, moved: true},
		"moved long ago":                  {looks: []string{"b"}, moved: true},
		"moved between look and request":  {looks: []string{"a", "b"}, refusal: refused, asked: 1, moved: true},
		"nobody leads for a moment":       {looks: []string{"", "", "b"}, moved: true},
		"nobody leads after the request":  {looks: []string{"a", "", "b"}, refusal: refused, asked: 1, moved: true},
		"not carried out: asked again":    {looks: []string{"", "a"}, asked: 1, moved: true},
		"refused":                         {looks: []string{"a"}, refusal: refused, asked: 1},
		"another leads":                   {looks: []string{"c"}},
		"another leads after the request": {looks: []string{"a", "c"}, refusal: refused, asked: 1},
		"nobody leads any more":           {looks: []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := &moving{looks: c.looks, refusal: c.refusal}
				err := Postgres{Locks: m, Members: m}.moveTo(t.Context(), "us-east-1/postgres", chosen{fact.PostgresMember{Name: "a"}, fact.PostgresMember{Name: "b"}})
				if (err == nil) != c.moved || m.asked != c.asked {
					t.Errorf("asked %d times, %v", m.asked, err)
				}
			})
		})
	}
}
