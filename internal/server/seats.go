package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wing"
)

// seatFact is what a server says of itself to another one.
type seatFact struct {
	Name    string       `json:"name"`
	Version string       `json:"version"`
	Started time.Time    `json:"started"`
	Head    journal.Head `json:"head"`
	Leader  string       `json:"leader,omitempty"` // as it knows

	Witness string   `json:"witness,omitempty"` // verifier key of its witness; while it leads it has none of this journal
	Accused []string `json:"accused,omitempty"` // why its witness says that the journal is not what it was
}

// seatFacts is what the leader knows of the other servers.
type seatFacts struct {
	mu    sync.Mutex // guards what follows
	since time.Time  // when it was first asked
	all   map[string]seatSeen
}

type seatSeen struct {
	fact   seatFact
	at     time.Time // of its last answer
	err    string    // of the last question, empty: it was answered
	forked string    // why its journal is another than ours
}

// seatsEvery is the time between two questions to each other server, and seatSilent how
// old an answer may be before the server counts as away.
const (
	seatsEvery = time.Second
	seatSilent = 4 * time.Second
)

// lookAtSeats asks the other servers once how they are.
func (s *Server) lookAtSeats(ctx context.Context) error {
	s.seats.begin(time.Now())
	var wg sync.WaitGroup
	for _, x := range s.others() {
		wg.Go(func() {
			seen, now := s.lookAt(ctx, x), time.Now()
			if seen.err == "" {
				s.house.Facts.PutServer(x.Name, fact.Server{Started: seen.fact.Started, At: now})
			}
			if s.seats.note(x.Name, seen, now) {
				s.options.PeersChanged()
			}
		})
	}
	wg.Wait()
	return nil // a server that is away is a finding
}

// begin notes when the others were first asked.
func (f *seatFacts) begin(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.since.IsZero() {
		f.since = now
	}
}

// note keeps what a server said; it tells whether its witness has another key than before.
func (f *seatFacts) note(name string, seen seatSeen, now time.Time) (another bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = map[string]seatSeen{}
	}
	if seen.err != "" { // what it said last stays known
		old := f.all[name]
		old.err = seen.err
		f.all[name] = old
		return false
	}
	seen.at = now
	another = seen.fact.Witness != f.all[name].fact.Witness
	f.all[name] = seen
	return another
}

// lookAt asks one server, and compares its journal with ours.
func (s *Server) lookAt(ctx context.Context, x place.Seat) seatSeen {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	resp, err := s.askSeat(ctx, x, http.MethodGet, "/self", nil)
	s.house.Descriptors.Saw(err)
	if err != nil {
		return seatSeen{err: err.Error()}
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	var seen seatSeen
	if err := json.NewDecoder(resp.Body).Decode(&seen.fact); err != nil {
		return seatSeen{err: err.Error()}
	}
	_, published := s.house.Journal.Checkpoint()
	if size := seen.fact.Head.Size; size > 0 && size <= published {
		if root, err := s.house.Journal.RootAt(size); err == nil && root.String() != seen.fact.Head.Root {
			seen.forked = fmt.Sprintf("its first %d entries have the root %.16s…, ours %.16s…", size, seen.fact.Head.Root, root)
		}
	}
	return seen
}

// Servers says how the servers of the control plane are.
func (s *Server) Servers(now time.Time) []api.Server {
	s.seats.mu.Lock()
	defer s.seats.mu.Unlock()
	size := s.house.Journal.Head().Size
	var out []api.Server
	for _, x := range s.house.Layout.Seats() {
		v := api.Server{Name: x.Name, Region: x.Region, Address: s.house.Layout.SeatListen(x), Elsewhere: s.house.Layout.IsElsewhere(x), Health: api.Healthy}
		if x.Name == s.house.Seat.Name {
			v.Role, v.Version, v.Started, v.Seen, v.Entries = api.Leads, s.options.Version, s.house.Started, now, size
			out = append(out, v)
			continue
		}
		seen := s.seats.all[x.Name]
		v.Role, v.Version, v.Started, v.Seen, v.Entries = api.Follows, seen.fact.Version, seen.fact.Started, seen.at, seen.fact.Head.Size
		switch {
		case seen.forked != "":
			v.Health, v.Detail = api.Degraded, "it holds another journal: "+seen.forked
		case len(seen.fact.Accused) > 0:
			v.Health, v.Detail = api.Degraded, "its witness says that this journal is not what it was: "+strings.Join(seen.fact.Accused, "; ")
		case seen.at.IsZero() && now.Sub(s.seats.since) <= seatSilent:
			v.Health, v.Detail = api.HealthUnknown, "it has not answered yet"
		case now.Sub(seen.at) > seatSilent && s.house.Short(now):
			v.Health, v.Detail = api.HealthUnknown, availability.ShortServer
		case now.Sub(seen.at) > seatSilent:
			v.Health, v.Detail = api.Missing, "it has not answered"+availability.Ago(seen.at, now)+": "+seen.err
		case seen.fact.Head.Size+mostLag < size:
			v.Health, v.Detail = api.Progressing, fmt.Sprintf("it lacks %d entries", size-seen.fact.Head.Size)
		}
		out = append(out, v)
	}
	return out
}

// mostLag is how many entries a server may be behind before that is said.
const mostLag = 1000

// findings says what is wrong with the other servers.
func (s *Server) findings(now time.Time) ([]wing.Finding, error) {
	if !s.Shared() {
		return nil, nil
	}
	var out []wing.Finding
	all := s.Servers(now)
	away := 0
	for _, v := range all {
		f := wing.Finding{Code: "server-" + string(v.Health), Severity: "warning", Subject: v.Name, Since: v.Seen, Title: "server " + v.Name + " is " + string(v.Health), Text: v.Detail, Command: "fournines servers"}
		switch v.Health {
		case api.Degraded:
			f.Severity, f.Title = "critical", "server "+v.Name+" does not agree with this journal"
		case api.Missing:
			away++
		default:
			continue
		}
		out = append(out, f)
	}
	if left := len(all) - away; away > 0 && left == len(all)/2+1 {
		out = append(out, wing.Finding{
			Code: "servers-one-left", Severity: "warning", Subject: place.Server, Title: "the control plane cannot lose another server",
			Text:    fmt.Sprintf("%d of %d servers answer, and %d are needed to decide", left, len(all), len(all)/2+1),
			Command: "fournines servers",
		})
	}
	return out, nil
}
