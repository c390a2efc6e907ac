package server

import (
	"context"
	"encoding/binary"
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

	"github.com/greenlang/fournines/internal/api"
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

func (s *Server) journalDir() string { return filepath.Join(s.house.Dir, place.JournalDir) }

// takePart opens this server's part of the quorum and of the journal, follows until it is
// elected, and then leads.
func (s *Server) takePart(ctx context.Context) error {
	if err := s.takePseudonyms(); err != nil {
		return err
	}
	if err := s.startMember(ctx); err != nil {
		return err
	}
	seats := s.house.Layout.Seats()
	s.quorum = quorum.New(quorum.Options{
		Client: s.docs, Name: s.house.Seat.Name, Seed: s.house.Seat.Name == seats[0].Name,
		Compact: !s.external(), Fetch: s.fetch, Log: s.house.Log, Crash: control.CrashIn(os.Getenv(control.CrashDir)),
	})
	var err error
	s.house.Journal, err = (journal.Options{Kinds: s.options.Kinds(), Log: s.house.Log, Key: s.house.Secrets.Journal, Decide: s.quorum.Decide}).Open(s.journalDir())
	if err != nil {
		return err
	}
	work, err := s.openSeatWitness()
	if err != nil {
		return err
	}
	h := s.following(work)
	s.serving.Store(&h)
	err = s.quorum.Elect(ctx, s.house.Journal)
	if err = errors.Join(err, work.Close()); err != nil {
		return err
	}
	// What is published covers all that an earlier leader may have shown to witnesses.
	if err := s.house.Journal.Publish(ctx); err != nil {
		return err
	}
	s.house.Log.Info("this server leads", "seat", s.house.Seat.Name, "term", s.quorum.Term(), "entries", s.house.Journal.Head().Size)
	if err := s.gatherKeys(ctx); err != nil {
		return err
	}
	return s.lead(ctx, state.Etcd{Client: s.docs, Guard: s.quorum.Guard})
}

// startMember starts this server's etcd. The first server founds the cluster, once; the
// others join it, and so does a server that has lost its directory.
func (s *Server) startMember(ctx context.Context) error {
	if s.external() {
		return s.reachExternal()
	}
	m := s.member()
	var others, before []string
	for _, x := range s.house.Layout.Seats() {
		if x.Name != s.house.Seat.Name {
			others = append(others, "http://"+s.house.Layout.StateNear(s.house.Seat, x))
		}
		if x.Number < s.house.Seat.Number {
			before = append(before, "http://"+s.house.Layout.SeatAddr(x, place.EtcdPeer))
		}
	}
	founded := filepath.Join(s.house.Layout.Root, place.FoundedFile)
	begun := etcd.Begun(filepath.Join(s.house.Dir, "state"))
	if !begun && (s.house.Seat.Number > 0 || place.Exists(founded)) {
		var err error
		if m, err = etcd.Join(ctx, m, others, before); err != nil {
			return err
		}
	}
	if err := s.startState(ctx, m); err != nil {
		return err
	}
	if s.house.Seat.Number == 0 && !place.Exists(founded) {
		return durable.Replace(durable.OS{}, founded, []byte(s.house.Seat.Name+"\n"))
	}
	if s.house.Seat.Number > 0 || !begun {
		s.wg.Go(func() {
			if err := etcd.Promote(ctx, m.Peer, others); err != nil && ctx.Err() == nil {
				s.house.Log.Error("this server has no vote yet", "err", err)
			}
		})
	}
	return nil
}

// external tells whether the servers decide with an etcd of somebody else.
func (s *Server) external() bool { return s.house.Layout.Platform.Spec.ControlPlane.Etcd.Used() }

func (s *Server) reachExternal() error {
	p := s.house.Layout.Platform
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
func (s *Server) following(work *witness.Witness) http.Handler {
	mux := http.NewServeMux()
	s.mountSeatWitness(mux, work)
	mux.HandleFunc("GET /livez", Alive)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if _, ok := s.quorum.Leader(); !ok {
			http.Error(w, "no server leads, as far as "+s.house.Seat.Name+" knows", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.Handle("GET /metrics", s.ownMetrics())
	s.mount(mux, func() seatFact {
		f := s.self()
		f.Witness, f.Accused = work.Cosigner().String(), forks(work.Findings())
		return f
	})
	mux.HandleFunc("/", s.forward)
	return mux
}

// ownMetrics are those that every server has, whether it leads or not.
func (s *Server) ownMetrics() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(s.Metrics()...)
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

func (s *Server) Metrics() []prometheus.Collector {
	leads := func() float64 {
		if s.Leads() {
			return 1
		}
		return 0
	}
	return []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fournines_build_info", Help: "1, with the version as a label.", ConstLabels: prometheus.Labels{"version": s.options.Version}}, func() float64 { return 1 }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fournines_journal_entries", Help: "Entries in the journal."}, func() float64 { return float64(s.house.Journal.Head().Size) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fournines_server_leads", Help: "1 where this server leads the control plane, else 0.", ConstLabels: prometheus.Labels{"server": s.house.Seat.Name}}, leads),
	}
}

// Alive answers that the process runs.
func Alive(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") }

// forwardedBy names the server that has passed a request on; the next one does not do so again.
const forwardedBy = "X-Fournines-Forwarded-By"

// forward passes a request on to the leader.
func (s *Server) forward(w http.ResponseWriter, r *http.Request) {
	l, ok := s.quorum.Leader()
	if by := r.Header.Get(forwardedBy); !ok || l.Name == s.house.Seat.Name || by != "" {
		api.TooEarly(w, s.house.Seat.Name+" does not lead, and knows nobody who does; an election takes a few seconds, ask again")
		return
	}
	leader, err := s.house.Layout.Seat(l.Name)
	if err != nil {
		api.Refuse(w, http.StatusInternalServerError, "The leader is unknown", err.Error())
		return
	}
	address := s.house.Layout.SeatNear(s.house.Seat, leader)
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
			p.Out.Header.Set(forwardedBy, s.house.Seat.Name)
		},
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if errors.Is(err, syscall.ECONNREFUSED) {
				api.TooEarly(w, "the leader, "+l.Name+", does not answer; another is elected within seconds, ask again")
				return
			}
			api.Refuse(w, http.StatusBadGateway, "The leader did not answer", fmt.Sprintf("%s at %s: %v; whether it did something is not known", l.Name, address, err))
		},
	}).ServeHTTP(w, r.WithContext(ctx))
}

// Mount answers other servers as the leader.
func (s *Server) Mount(mux *http.ServeMux) {
	if s.Shared() {
		s.mount(mux, s.self)
	}
}

// mount answers other servers.
func (s *Server) mount(mux *http.ServeMux, self func() seatFact) {
	only := func(next http.HandlerFunc) http.Handler {
		return api.Holders(s.house.Secrets.Servers, "the servers' token", next)
	}
	mux.Handle("GET "+serversPath+"/self", only(func(w http.ResponseWriter, _ *http.Request) { api.Send(w, self()) }))
	mux.Handle("GET "+serversPath+"/log", only(s.sendLog))
	mux.Handle("GET "+serversPath+"/keys", only(s.sendKeys))
	mux.Handle("PUT "+serversPath+"/keys/{name}", only(s.takeKey))
}

// self is what this server says of itself.
func (s *Server) self() seatFact {
	f := seatFact{Name: s.house.Seat.Name, Version: s.options.Version, Started: s.house.Started, Head: s.house.Journal.Head()}
	if l, ok := s.quorum.Leader(); ok {
		f.Leader = l.Name
	}
	return f
}

// logChunk is about how many bytes of the log are sent at once.
const logChunk = 1 << 20

// sendLog sends entries to a server that lacks them, as groups with their length before each.
func (s *Server) sendLog(w http.ResponseWriter, r *http.Request) {
	from, err1 := strconv.ParseUint(r.URL.Query().Get("from"), 10, 64)
	to, err2 := strconv.ParseUint(r.URL.Query().Get("to"), 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		http.Error(w, "send the log: "+err.Error(), http.StatusBadRequest)
		return
	}
	if size := s.house.Journal.Head().Size; size < to {
		http.Error(w, fmt.Sprintf("this server holds %d entries", size), http.StatusNotFound)
		return
	}
	err := s.house.Journal.Groups(r.Context(), from, to, logChunk, func(g journal.Group) error {
		b := g.Encode()
		_, err := w.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...)) //nolint:gosec // a few chunks
		return err
	})
	if err != nil && r.Context().Err() == nil {
		s.house.Log.Error("the log could not be sent to another server", "from", from, "to", to, "err", err)
		panic(http.ErrAbortHandler) // so that the other one does not take it for whole
	}
}

// fetch reads entries from another server.
func (s *Server) fetch(ctx context.Context, from, to uint64, accept func(journal.Group) error) error {
	var errs []error
	for _, x := range s.others() {
		err := s.fetchFrom(ctx, x, from, to, accept)
		if err == nil || ctx.Err() != nil {
			return err
		}
		errs = append(errs, fmt.Errorf("%s: %w", x.Name, err))
		if size := s.house.Journal.Head().Size; size > from {
			from = size
		}
	}
	return fmt.Errorf("entries %d to %d of the journal come from no other server: %w", from, to, errors.Join(errs...))
}

// mostGroup bounds one group of entries that another server sends, in bytes.
const mostGroup = 64 << 20

func (s *Server) fetchFrom(ctx context.Context, x place.Seat, from, to uint64, accept func(journal.Group) error) error {
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
func (s *Server) others() []place.Seat {
	l, _ := s.quorum.Leader()
	var out []place.Seat
	for _, x := range s.house.Layout.Seats() {
		switch {
		case x.Name == s.house.Seat.Name:
		case x.Name == l.Name:
			out = append([]place.Seat{x}, out...)
		default:
			out = append(out, x)
		}
	}
	return out
}

// askSeat asks another server; its body is the caller's to close.
func (s *Server) askSeat(ctx context.Context, x place.Seat, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.house.Layout.SeatNear(s.house.Seat, x)+serversPath+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.house.Secrets.Servers)
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
