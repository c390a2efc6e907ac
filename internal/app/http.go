package app

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/console"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/server"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/internal/wing"
)

// logPath is where the journal is published as tlog-tiles, for who has the token.
const logPath = "/log"

// Handler returns everything the server answers.
func (s *ServerApp) Handler() http.Handler {
	people := http.NewServeMux()
	routes, pages := s.opened()
	api.Mount(people, s.Version, routes...)
	people.Handle("GET "+logPath+"/", http.StripPrefix(logPath, s.Journal.Handler()))
	people.Handle("/", console.New(console.Options{Source: s.platform(), Pages: pages, Logger: s.Log, Now: time.Now, Version: s.Version}))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", server.Alive)
	s.server.Mount(mux)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.metrics())
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) { console.Login(w, r, "") })
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		setCookie(w, "", -1)
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	})
	s.compliance.Mount(mux)
	mux.Handle("/nodes/", s.machines(s.nodes()))
	mux.Handle("/edges/", s.machines(s.edges()))
	mux.Handle("POST /probers/{point}/report", s.machines(http.HandlerFunc(s.proberReport)))
	mux.Handle("POST /machines", s.machines(http.HandlerFunc(s.server.TakeMachine)))
	mux.Handle("POST /wan/links", s.machines(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var links []fact.Link
		if api.Receive(w, r, &links) {
			s.Facts.PutLinks(links)
			w.WriteHeader(http.StatusNoContent)
		}
	})))
	mux.Handle("/", s.people(people))
	return mux
}

// crossOrigin tells whether a browser says that a request is of another site (Fetch Metadata).
var crossOrigin = http.NewCrossOriginProtection()

// people lets in who has the token; a browser without it is shown the door.
func (s *ServerApp) people(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if api.Authorized(r, s.Secrets.Token) {
			// A browser sends its cookie from every site; the API is no page that could check the form.
			if err := crossOrigin.Check(r); err != nil && r.Header.Get("Authorization") == "" && strings.HasPrefix(r.URL.Path, "/v1/") {
				api.Refuse(w, http.StatusForbidden, "Refused: the request came from another site", "send the token as Authorization: Bearer TOKEN, or ask from a page of this console")
				return
			}
			who := "token"
			if given := r.Header.Get("X-Fournines-Actor"); given != "" && len(given) <= 64 {
				who += ":" + given
			} else if r.Header.Get("Authorization") == "" {
				who = "console"
			}
			ctx := wing.WithTrace(wing.WithActor(r.Context(), who), r.Header.Get("Traceparent"))
			if id := r.Header.Get("Idempotency-Key"); id != "" && len(id) <= 100 && !strings.ContainsAny(id, "/# ") {
				ctx = wing.WithID(ctx, id)
			}
			next.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		if strings.HasPrefix(r.URL.Path, "/static/") {
			next.ServeHTTP(w, r)
			return
		}
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		api.Refuse(w, http.StatusUnauthorized, "Unauthorized", "this needs the installation's token: send Authorization: Bearer TOKEN; the file token in the data directory holds it")
	})
}

// machines lets in our own nodes and edges.
func (s *ServerApp) machines(next http.Handler) http.Handler {
	return api.Holders(s.Secrets.NodeToken, "the nodes' token", next)
}

func (s *ServerApp) login(w http.ResponseWriter, r *http.Request) {
	probe := r.Clone(r.Context())
	probe.Header = http.Header{"Authorization": {"Bearer " + strings.TrimSpace(r.FormValue("token"))}}
	if !api.Authorized(probe, s.Secrets.Token) {
		console.Login(w, r, "That is not this installation's token. `fournines up` prints it; the file token in the data directory holds it.")
		return
	}
	setCookie(w, s.Secrets.Token, 30*24*3600)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func setCookie(w http.ResponseWriter, value string, maxAge int) {
	//nolint:gosec // the console is served in cleartext on loopback: a cookie with Secure would not come back
	http.SetCookie(w, &http.Cookie{Name: api.Cookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: maxAge})
}

// readyz is about ourselves: the journal takes entries and state follows it.
func (s *ServerApp) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	if err := s.State.Wait(ctx, s.Journal.Head().Size); err != nil {
		http.Error(w, "state does not follow the journal: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

func (s *ServerApp) metrics() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(s.server.Metrics()...)
	reg.MustRegister(s.lag, &s.tasks)
	for _, w := range s.wings {
		reg.MustRegister(w.Metrics...)
	}
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

func (s *ServerApp) nodes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /nodes/{region}/{zone}/assignment", func(w http.ResponseWriter, r *http.Request) {
		s.poll(w, r, func() (any, string, error) {
			a, err := s.assignment(r.PathValue("region"), r.PathValue("zone"))
			return a, a.Version, err
		})
	})
	mux.HandleFunc("POST /nodes/{region}/{zone}/facts", func(w http.ResponseWriter, r *http.Request) {
		var n fact.Node
		if !api.Receive(w, r, &n) {
			return
		}
		n.Region, n.Zone, n.At = r.PathValue("region"), r.PathValue("zone"), time.Now()
		s.Facts.PutNode(n)
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func (s *ServerApp) edges() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /edges/{region}/directive", func(w http.ResponseWriter, r *http.Request) {
		s.poll(w, r, func() (any, string, error) {
			d, err := s.availability.Directive(r.Context(), r.PathValue("region"))
			return d, d.Version, err
		})
	})
	mux.HandleFunc("POST /edges/{region}/report", func(w http.ResponseWriter, r *http.Request) {
		var f board.EdgeFact
		if !api.Receive(w, r, &f) {
			return
		}
		ack, err := s.availability.TakeEdge(r.Context(), r.PathValue("region"), f)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		api.Send(w, ack)
	})
	return mux
}

func (s *ServerApp) proberReport(w http.ResponseWriter, r *http.Request) {
	var report board.OutsideReport
	if !api.Receive(w, r, &report) {
		return
	}
	ack, err := s.availability.TakeOutside(r.Context(), r.PathValue("point"), report)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	api.Send(w, ack)
}

// poll answers once the version differs from what the asker has seen, or after a while.
func (s *ServerApp) poll(w http.ResponseWriter, r *http.Request, get func() (any, string, error)) {
	seen := r.URL.Query().Get("seen")
	end := time.NewTimer(client.LongPoll)
	defer end.Stop()
	for {
		facts, docs := s.Facts.Changed(), s.State.Changed()
		v, version, err := get()
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		if !s.server.Leads() { // what another server wants by now is not known here
			api.TooEarly(w, s.Seat.Name+" leads no more; ask again")
			return
		}
		if version != seen {
			api.Send(w, v)
			return
		}
		select {
		case <-docs:
		case <-facts: // the primary that is watched comes from facts
			wait.Sleep(r.Context(), 50*time.Millisecond)
		case <-end.C:
			api.Send(w, v)
			return
		case <-r.Context().Done():
			return
		}
	}
}
