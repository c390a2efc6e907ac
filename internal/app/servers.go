package app

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/durable"
	"github.com/greenlang/fournines/internal/journal/witness"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/quorum"
	"github.com/greenlang/fournines/internal/state"
)

// ErrDeposed means that this server has led and does no more: its process must end
// without another effect, and begins again as one that follows.
var ErrDeposed = quorum.ErrDeposed

// shared tells whether several servers hold the journal.
func (s *ServerApp) shared() bool { return s.Layout.Servers > 1 }

func (s *ServerApp) journalDir() string { return filepath.Join(s.dir(), place.JournalDir) }

// takePart opens this server's part of the quorum and of the journal, follows until it is
// elected, and then leads.
func (s *ServerApp) takePart(ctx context.Context) error {
	if err := s.takePseudonyms(); err != nil {
		return err
	}
	if err := s.startMember(ctx); err != nil {
		return err
	}
	seats := s.Layout.Seats()
	s.quorum = quorum.New(quorum.Options{
		Client: s.docs, Name: s.seat.Name, Seed: s.seat.Name == seats[0].Name,
		Compact: !s.external(), Fetch: s.fetch, Log: s.Log, Crash: control.CrashIn(os.Getenv(control.CrashDir)),
	})
	var err error
	s.Journal, err = (journal.Options{Kinds: s.entryKinds(), Log: s.Log, Key: s.Secrets.Journal, Decide: s.quorum.Decide}).Open(s.journalDir())
	if err != nil {
		return err
	}
	w, err := s.openSeatWitness()
	if err != nil {
		return err
	}
	h := s.following(w)
	s.serving.Store(&h)
	err = s.quorum.Elect(ctx, s.Journal)
	if err = errors.Join(err, w.Close()); err != nil {
		return err
	}
	// What is published covers all that an earlier leader may have shown to witnesses.
	if err := s.Journal.Publish(ctx); err != nil {
		return err
	}
	s.Log.Info("this server leads", "seat", s.seat.Name, "term", s.quorum.Term(), "entries", s.Journal.Head().Size)
	if err := s.gatherKeys(ctx); err != nil {
		return err
	}
	return s.lead(ctx, state.Etcd{Client: s.docs, Guard: s.quorum.Guard})
}

// startMember starts this server's etcd. The first server founds the cluster, once; the
// others join it, and so does a server that has lost its directory.
func (s *ServerApp) startMember(ctx context.Context) error {
	if s.external() {
		return s.reachExternal()
	}
	m := s.member()
	var others, before []string
	for _, x := range s.Layout.Seats() {
		if x.Name != s.seat.Name {
			others = append(others, "http://"+s.Layout.StateNear(s.seat, x))
		}
		if x.Number < s.seat.Number {
			before = append(before, "http://"+s.Layout.SeatAddr(x, place.EtcdPeer))
		}
	}
	founded := filepath.Join(s.Layout.Root, place.FoundedFile)
	begun := etcd.Begun(filepath.Join(s.dir(), "state"))
	if !begun && (s.seat.Number > 0 || place.Exists(founded)) {
		var err error
		if m, err = etcd.Join(ctx, m, others, before); err != nil {
			return err
		}
	}
	if err := s.startState(ctx, m); err != nil {
		return err
	}
	if s.seat.Number == 0 && !place.Exists(founded) {
		return durable.Replace(durable.OS{}, founded, []byte(s.seat.Name+"\n"))
	}
	if s.seat.Number > 0 || !begun {
		s.wg.Go(func() {
			if err := etcd.Promote(ctx, m.Peer, others); err != nil && ctx.Err() == nil {
				s.Log.Error("this server has no vote yet", "err", err)
			}
		})
	}
	return nil
}

// external tells whether the servers decide with an etcd of somebody else.
func (s *ServerApp) external() bool { return s.Layout.Platform.Spec.ControlPlane.Etcd.Used() }

func (s *ServerApp) reachExternal() error {
	p := s.Layout.Platform
	prefix := p.Spec.ControlPlane.Etcd.Prefix
	if prefix == "" {
		prefix = p.Metadata.Name
	}
	var err error
	s.docs, err = etcd.External(p.Spec.ControlPlane.Etcd, prefix)
	return err
}

// serversPath is where servers ask each other.
const serversPath = "/servers"

// following is what a server answers that does not lead: about itself, and for everything
// else what the leader says.
func (s *ServerApp) following(w *witness.Witness) http.Handler {
	mux := http.NewServeMux()
	s.mountSeatWitness(mux, w)
	mux.HandleFunc("GET /livez", alive)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if _, ok := s.quorum.Leader(); !ok {
			http.Error(w, "no server leads, as far as "+s.seat.Name+" knows", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.Handle("GET /metrics", s.ownMetrics())
	s.mountServers(mux, func() seatFact {
		f := s.self()
		f.Witness, f.Accused = w.Cosigner().String(), forks(w.Findings())
		return f
	})
	mux.HandleFunc("/", s.forward)
	return mux
}

// ownMetrics are those that every server has, whether it leads or not.
func (s *ServerApp) ownMetrics() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(s.processMetrics()...)
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

func (s *ServerApp) processMetrics() []prometheus.Collector {
	leads := func() float64 {
		if s.quorum == nil || s.quorum.Leads() {
			return 1
		}
		return 0
	}
	return []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fournines_build_info", Help: "1, with the version as a label.", ConstLabels: prometheus.Labels{"version": s.Version}}, func() float64 { return 1 }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fournines_journal_entries", Help: "Entries in the journal."}, func() float64 { return float64(s.Journal.Head().Size) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fournines_server_leads", Help: "1 where this server leads the control plane, else 0.", ConstLabels: prometheus.Labels{"server": s.seat.Name}}, leads),
	}
}

func alive(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") }

// forwardedBy names the server that has passed a request on; the next one does not do so again.
const forwardedBy = "X-Fournines-Forwarded-By"

// forward passes a request on to the leader.
func (s *ServerApp) forward(w http.ResponseWriter, r *http.Request) {
	l, ok := s.quorum.Leader()
	if by := r.Header.Get(forwardedBy); !ok || l.Name == s.seat.Name || by != "" {
		tooEarly(w, s.seat.Name+" does not lead, and knows nobody who does; an election takes a few seconds, ask again")
		return
	}
	leader, err := s.Layout.Seat(l.Name)
	if err != nil {
		problem(w, http.StatusInternalServerError, "The leader is unknown", err.Error())
		return
	}
	address := s.Layout.SeatNear(s.seat, leader)
	// A leader that is frozen or cut off never answers; it is known when it leads no more.
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		for {
			changed := s.quorum.Changed()
			if now, _ := s.quorum.Leader(); now != l {
				cancel()
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	(&httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = "http", address, p.In.Host
			p.Out.Header.Set(forwardedBy, s.seat.Name)
		},
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if errors.Is(err, syscall.ECONNREFUSED) {
				tooEarly(w, "the leader, "+l.Name+", does not answer; another is elected within seconds, ask again")
				return
			}
			problem(w, http.StatusBadGateway, "The leader did not answer", fmt.Sprintf("%s at %s: %v; whether it did something is not known", l.Name, address, err))
		},
	}).ServeHTTP(w, r.WithContext(ctx))
}

// tooEarly answers that nothing was done because no server leads.
func tooEarly(w http.ResponseWriter, detail string) {
	w.Header().Set("Retry-After", "1")
	problem(w, http.StatusServiceUnavailable, client.NoLeader, detail)
}

func problem(w http.ResponseWriter, status int, title, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(client.Problem{Status: status, Title: title, Detail: detail}) //nolint:errchkjson // a client that is gone asks again
}

// mountServers answers other servers.
func (s *ServerApp) mountServers(mux *http.ServeMux, self func() seatFact) {
	only := func(next http.HandlerFunc) http.Handler {
		return holders(s.Secrets.Servers, "the servers' token", next)
	}
	mux.Handle("GET "+serversPath+"/self", only(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, self()) }))
	mux.Handle("GET "+serversPath+"/log", only(s.sendLog))
	mux.Handle("GET "+serversPath+"/keys", only(s.sendKeys))
	mux.Handle("PUT "+serversPath+"/keys/{name}", only(s.takeKey))
}

// self is what this server says of itself.
func (s *ServerApp) self() seatFact {
	f := seatFact{Name: s.seat.Name, Version: s.Version, Started: s.Started, Head: s.Journal.Head()}
	if l, ok := s.quorum.Leader(); ok {
		f.Leader = l.Name
	}
	return f
}

// logChunk is about how many bytes of the log are sent at once.
const logChunk = 1 << 20

// sendLog sends entries to a server that lacks them, as groups with their length before each.
func (s *ServerApp) sendLog(w http.ResponseWriter, r *http.Request) {
	from, err1 := strconv.ParseUint(r.URL.Query().Get("from"), 10, 64)
	to, err2 := strconv.ParseUint(r.URL.Query().Get("to"), 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		http.Error(w, "send the log: "+err.Error(), http.StatusBadRequest)
		return
	}
	if size := s.Journal.Head().Size; size < to {
		http.Error(w, fmt.Sprintf("this server holds %d entries", size), http.StatusNotFound)
		return
	}
	err := s.Journal.Groups(r.Context(), from, to, logChunk, func(g journal.Group) error {
		b := g.Encode()
		_, err := w.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...)) //nolint:gosec // a few chunks
		return err
	})
	if err != nil && r.Context().Err() == nil {
		s.Log.Error("the log could not be sent to another server", "from", from, "to", to, "err", err)
		panic(http.ErrAbortHandler) // so that the other one does not take it for whole
	}
}

// fetch reads entries from another server.
func (s *ServerApp) fetch(ctx context.Context, from, to uint64, accept func(journal.Group) error) error {
	var errs []error
	for _, x := range s.others() {
		err := s.fetchFrom(ctx, x, from, to, accept)
		if err == nil || ctx.Err() != nil {
			return err
		}
		errs = append(errs, fmt.Errorf("%s: %w", x.Name, err))
		if size := s.Journal.Head().Size; size > from {
			from = size
		}
	}
	return fmt.Errorf("entries %d to %d of the journal come from no other server: %w", from, to, errors.Join(errs...))
}

// mostGroup bounds one group of entries that another server sends, in bytes.
const mostGroup = 64 << 20

func (s *ServerApp) fetchFrom(ctx context.Context, x place.Seat, from, to uint64, accept func(journal.Group) error) error {
	q := url.Values{"from": {strconv.FormatUint(from, 10)}, "to": {strconv.FormatUint(to, 10)}}
	resp, err := s.askSeat(ctx, x, http.MethodGet, "/log?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	var head [4]byte
	for {
		if _, err := io.ReadFull(resp.Body, head[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		n := binary.LittleEndian.Uint32(head[:])
		if n > mostGroup {
			return fmt.Errorf("it sends a group of %d bytes", n)
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(resp.Body, b); err != nil {
			return err
		}
		g, err := journal.ParseGroup(b)
		if err == nil {
			err = accept(g)
		}
		if err != nil {
			return err
		}
	}
}

// others returns the places of the other servers, the leader's first.
func (s *ServerApp) others() []place.Seat {
	l, _ := s.quorum.Leader()
	var out []place.Seat
	for _, x := range s.Layout.Seats() {
		switch {
		case x.Name == s.seat.Name:
		case x.Name == l.Name:
			out = append([]place.Seat{x}, out...)
		default:
			out = append(out, x)
		}
	}
	return out
}

// askSeat asks another server; its body is the caller's to close.
func (s *ServerApp) askSeat(ctx context.Context, x place.Seat, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.Layout.SeatNear(s.seat, x)+serversPath+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.Secrets.Servers)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		err := client.ReadProblem(resp)
		return nil, errors.Join(err, resp.Body.Close())
	}
	return resp, nil
}
