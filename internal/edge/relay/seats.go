package relay

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/greenlang/fournines/internal/edge/config"
)

// The bounds of sessions that have not begun, where the policy names none.
const (
	startingBound = 32
	openingBound  = 256
)

// knownRoles bounds the names that are kept after their last session: clients choose them.
const knownRoles = 64

// stage is how far a session has come.
type stage uint8

const (
	away     stage = iota // it is not counted
	opening               // it is here, and not at the leader
	starting              // it takes a place at the leader, which has not let it in yet
	begun
)

// seats counts the sessions of a service, and says who may have one at the leader. A
// service's successor counts on with them, because earlier sessions go on.
type seats struct {
	mu      sync.Mutex // guards what follows
	policy  config.TCPPolicy
	here    map[string]int // client address → sessions that are opening
	logging map[string]int // client address → sessions that are starting
	opening int
	start   int
	total   int // sessions at the leader that Policy.Sessions bounds
	roles   map[string]*roleSeats
	refused int64 // for want of a seat
	full    bool  // of the total; see roleSeats
}

// roleSeats are those of one role.
type roleSeats struct {
	open    int
	refused int64
	full    bool // somebody was refused, and not many have left since
}

// seat is one session's.
type seat struct {
	of            *seats
	address, role string
	stage         stage // guarded by of.mu
}

func newSeats() *seats {
	return &seats{here: map[string]int{}, logging: map[string]int{}, roles: map[string]*roleSeats{}}
}

// bound sets the policy from now on; sessions that are there stay.
func (s *seats) bound(p config.TCPPolicy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Starting, p.Opening = cmp.Or(p.Starting, startingBound), cmp.Or(p.Opening, openingBound)
	s.policy = p
}

// share is what one client address may have of a bound.
func share(bound int) int { return max(1, bound*3/4) }

// arrive takes a session in; false when too many have not begun yet.
func (s *seats) arrive(address string) (*seat, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opening >= s.policy.Opening || s.here[address] >= share(s.policy.Opening) {
		s.refused++
		return nil, false
	}
	t := &seat{of: s, address: address}
	s.place(t, opening)
	return t, true
}

// verdict is the answer to who asks for a place at the leader.
type verdict struct {
	granted bool
	later   bool // others are being let in; ask again
	// Otherwise it is refused, because as many are open as the bound allows.
	open, bound int
	ofRole      bool // the bound is that of one role
	first       bool // nobody else was refused since there was room
}

// take asks for a place at the leader for a role; queued says that sessions are let in one
// after another.
func (t *seat) take(role string, queued bool) verdict {
	s := t.of
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.room(role); !v.granted {
		return v
	}
	if queued && (s.start >= s.policy.Starting || s.logging[t.address] >= share(s.policy.Starting)) {
		return verdict{later: true}
	}
	t.role = role
	s.place(t, starting)
	return verdict{granted: true}
}

// rename moves a session that has a place to the role that it turns out to be of.
func (t *seat) rename(role string) verdict {
	s := t.of
	s.mu.Lock()
	defer s.mu.Unlock()
	was := t.stage
	s.place(t, away)
	v := s.room(role)
	if v.granted {
		t.role = role
	} else {
		was = opening
	}
	s.place(t, was)
	return v
}

// move says how far the session has come.
func (t *seat) move(to stage) {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	t.of.place(t, to)
}

// room says whether one more session of the role may be at the leader. Callers hold the lock.
func (s *seats) room(role string) verdict {
	if slices.Contains(s.policy.Beside, role) {
		return verdict{granted: true}
	}
	r := s.of(role)
	if bound := s.policy.RoleSessions; bound > 0 && r.open >= bound {
		return s.refuse(r, verdict{open: r.open, bound: bound, ofRole: true, first: !r.full})
	}
	if bound := s.policy.Sessions; bound > 0 && s.total >= bound {
		return s.refuse(r, verdict{open: s.total, bound: bound, first: !s.full})
	}
	return verdict{granted: true}
}

func (s *seats) refuse(r *roleSeats, v verdict) verdict {
	s.refused++
	r.refused++
	if v.ofRole {
		r.full = true
	} else {
		s.full = true
	}
	return v
}

// of returns the seats of a role.
func (s *seats) of(role string) *roleSeats {
	r := s.roles[role]
	if r == nil {
		if len(s.roles) >= knownRoles {
			for name, old := range s.roles {
				if old.open == 0 {
					delete(s.roles, name)
				}
			}
		}
		r = &roleSeats{}
		s.roles[role] = r
	}
	return r
}

// place changes the stage of a session. Callers hold the lock.
func (s *seats) place(t *seat, to stage) {
	s.count(t, -1)
	t.stage = to
	s.count(t, 1)
}

func (s *seats) count(t *seat, by int) {
	switch t.stage {
	case opening:
		s.opening += by
		tally(s.here, t.address, by)
	case starting:
		s.start += by
		tally(s.logging, t.address, by)
		s.occupy(t.role, by)
	case begun:
		s.occupy(t.role, by)
	case away:
	}
}

func tally(m map[string]int, key string, by int) {
	if m[key] += by; m[key] == 0 {
		delete(m, key)
	}
}

// occupy counts a session at the leader. One that many have left counts as full no longer.
func (s *seats) occupy(role string, by int) {
	r := s.of(role)
	r.open += by
	r.full = r.full && r.open*10 >= s.policy.RoleSessions*9
	if !slices.Contains(s.policy.Beside, role) {
		s.total += by
		s.full = s.full && s.total*10 >= s.policy.Sessions*9
	}
	if r.open == 0 && r.refused == 0 {
		delete(s.roles, role)
	}
}

// describe writes what is counted; idle says how many sessions of a role are.
func (s *seats) describe(st *State, idle map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Limit, st.Starting, st.Opening, st.Crowded = s.policy.Sessions, s.start, s.opening, s.refused
	for name, r := range s.roles {
		st.Seated += r.open
		if st.Protocol != config.Postgres {
			continue
		}
		role := RoleState{Role: name, Sessions: r.open, Idle: idle[name], Refused: r.refused, Limit: s.policy.RoleSessions}
		if slices.Contains(s.policy.Beside, name) {
			role.Limit = 0
		}
		st.Roles = append(st.Roles, role)
	}
	slices.SortFunc(st.Roles, func(a, b RoleState) int { return strings.Compare(a.Role, b.Role) })
}
