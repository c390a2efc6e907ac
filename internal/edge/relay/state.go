package relay

import (
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
)

// State is what a service knows and has done.
type State struct {
	Service  string          `json:"service"`
	Protocol config.Protocol `json:"protocol"`
	Leader   string          `json:"leader"` // "" when nobody leads
	Term     uint64          `json:"term"`   // timeline or configuration epoch
	Since    time.Time       `json:"since"`  // of the last change
	Unsure   bool            `json:"unsure"` // being asked often
	Members  []MemberState   `json:"members"`
	Held     bool            `json:"held"`     // a hold is on
	Sessions int             `json:"sessions"` // open, waiting ones included
	Busy     int             `json:"busy"`     // postgres: not proven idle
	Opaque   int             `json:"opaque"`   // postgres: encrypted or not begun
	Waiting  int64           `json:"waiting"`  // sessions and statements, for a leader or a release
	Opened   int64           `json:"opened"`   // since the start, as all below
	Waited   int64           `json:"waited"`   // sessions and statements that had to wait
	Refused  int64           `json:"refused"`  // no leader in time
	Cut      int64           `json:"cut"`
	Limit    int             `json:"limit,omitempty"` // bound of the sessions at the leader; 0: none
	Seated   int             `json:"seated"`          // at the leader; those under an earlier configuration included, as in what follows
	Opening  int             `json:"opening"`         // here, and not at the leader
	Starting int             `json:"starting"`        // at the leader, which has not let them in yet
	Crowded  int64           `json:"crowded"`         // refused because a bound was reached
	Roles    []RoleState     `json:"roles,omitempty"` // of postgres, by name
	ToServer int64           `json:"toServerBytes"`
	ToClient int64           `json:"toClientBytes"`
}

// RoleState is what the sessions of one role of postgres are. Those that cannot be read
// count under the role "".
type RoleState struct {
	Role     string `json:"role"`
	Sessions int    `json:"sessions"` // at the leader
	Idle     int    `json:"idle"`
	Limit    int    `json:"limit,omitempty"` // 0: none
	Refused  int64  `json:"refused"`         // because a bound was reached
}

// MemberState is what is known of one member.
type MemberState struct {
	Name     string `json:"name"`
	Zone     string `json:"zone,omitempty"`
	Answered bool   `json:"answered"`
	Leads    bool   `json:"leads"` // it claims to
	Term     uint64 `json:"term"`
	Fenced   bool   `json:"fenced"`
	Lives    bool   `json:"lives"`            // it answered, if only with the error below
	Error    string `json:"error,omitempty"`  // why it did not say whether it leads
	NoVote   string `json:"noVote,omitempty"` // why the Sentinel beside it gave no vote
	Blind    string `json:"blind,omitempty"`  // why the edge itself could not ask the last time: it says nothing of the member
}

// State returns the present state.
func (s *Service) State() State {
	st := State{
		Service: s.spec.Name, Protocol: s.spec.Protocol, Held: s.held.Load(),
		Waiting: s.count.waiting.Load(), Opened: s.count.opened.Load(), Waited: s.count.heldSessions.Load(),
		Refused: s.count.refused.Load(), Cut: s.count.cut.Load(),
		ToServer: s.count.toServer.Load(), ToClient: s.count.toClient.Load(),
	}
	s.follower.describe(&st)
	s.seats.describe(&st, s.idleRoles())
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Sessions = len(s.sessions)
	for n := range s.sessions {
		if n.busy() {
			st.Busy++
		} else if n.opaque() {
			st.Opaque++
		}
	}
	return st
}

func (n *session) opaque() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.track == nil && n.service.spec.Protocol == config.Postgres
}

func (f *follower) describe(st *State) {
	f.mu.Lock()
	defer f.mu.Unlock()
	st.Leader, st.Term = f.lead.Leader()
	st.Since = f.since
	claims := f.claims()
	st.Unsure = doubtful(claims, f.answers, st.Leader, f.suspect, f.now())
	for i, c := range claims {
		m := MemberState{Name: c.Member, Zone: f.spec.Members[i].Zone, Answered: c.Answered, Leads: c.Leads, Term: c.Term, Fenced: f.lead.Fenced(c.Member)}
		a := f.answers[i]
		m.Lives, m.Error, m.NoVote, m.Blind = a.lives(), text(a.err), text(a.voteErr), text(a.blind)
		st.Members = append(st.Members, m)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
