package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/server"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/up"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/kit/audit"
)

// plane is a control plane of three servers in this process, which run no engines.
type plane struct {
	t      *testing.T
	root   string
	cable  cable // to a machine of its own, where a test has one
	client *client.Client
	events *client.Client
	lives  map[string]*serverLife
}

type serverLife struct {
	s      *ServerApp
	served chan error // why it serves no more
	stop   func()
}

// newPlane lays the installation down in networks of its own. Servers that are elsewhere are
// left to the test.
func newPlane(t *testing.T, more string, elsewhere ...string) *plane {
	t.Helper()
	east, west := loopback.New(t), loopback.New(t)
	x := &plane{t: t, root: t.TempDir(), cable: newCable(east), lives: map[string]*serverLife{}}
	inst := place.Installation{Regions: []string{"us-east-1", "us-west-2"}, Servers: 3, Elsewhere: elsewhere, Gate: x.cable.gate, Listen: loopback.Free(t)}
	text := strings.NewReplacer(
		"name: us-east-1,      number: 1,", fmt.Sprintf("name: us-east-1,      number: %d,", east),
		"name: us-west-2,      number: 4,", fmt.Sprintf("name: us-west-2,      number: %d,", west),
	).Replace(string(spec.BuiltInYAML())) + more
	if err := place.SaveInstallation(x.root, inst, []byte(text)); err != nil {
		t.Fatal(err)
	}
	u := &up.Up{}
	var err error
	if u.Installation, u.Layout, err = place.LoadInstallation(x.root); err != nil {
		t.Fatal(err)
	}
	if u.Secrets, err = place.EnsureSecrets(x.root); err != nil {
		t.Fatal(err)
	}
	if err := u.ShareKeys(); err != nil {
		t.Fatal(err)
	}
	x.client = client.NewClient(u.Secrets.Token, u.Layout.ServerListens()...)
	x.events = client.NewClient(u.Secrets.Applications[place.GreenLang], u.Layout.ServerListens()...)
	x.network()
	for _, s := range u.Layout.Seats() {
		if !u.Layout.IsElsewhere(s) {
			x.start(s.Name)
		}
	}
	return x
}

// network runs what lies between the regions.
func (x *plane) network() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- up.RunWan(ctx, x.root, slog.New(slog.DiscardHandler)) }()
	x.t.Cleanup(func() { // after the servers
		cancel()
		if err := <-ended; err != nil {
			x.t.Error(err)
		}
	})
}

func (x *plane) start(name string) {
	x.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := OpenServer(ctx, x.root, name, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		cancel()
		x.t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	l := &serverLife{s: s, served: served}
	l.stop = func() {
		l.stop = func() {}
		cancel()
		if err := errors.Join(<-served, s.Close()); err != nil {
			x.t.Error(err)
		}
	}
	x.lives[name] = l
	x.t.Cleanup(func() { l.stop() })
}

// await waits until the control plane is as wanted; want returns what is missing.
func (x *plane) await(want func(api.Status) string) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), 3*time.Minute)
	defer cancel()
	for {
		var s api.Status
		err := x.client.Call(ctx, http.MethodGet, "/v1/status", "", nil, &s)
		missing := ""
		if err == nil {
			if missing = want(s); missing == "" {
				return
			}
		}
		if wait.Sleep(ctx, 50*time.Millisecond); ctx.Err() != nil {
			x.t.Fatalf("%s (%v)", missing, err)
		}
	}
}

// whole waits until all servers are well and hold the same, and returns the leader.
func (x *plane) whole() string {
	x.t.Helper()
	leader := ""
	x.await(func(s api.Status) string {
		for _, v := range s.Servers {
			if v.Health != api.Healthy || v.Entries == 0 {
				return fmt.Sprintf("%+v", v)
			}
			if v.Role == api.Leads {
				leader = v.Name
			}
		}
		return ""
	})
	return leader
}

// cosigned waits until both servers that follow have cosigned a checkpoint of the leader's,
// and nobody says that the journal is not what it was.
func (x *plane) cosigned() {
	x.t.Helper()
	x.await(func(api.Status) string {
		var w compliancedoor.Witnesses
		if err := x.client.Call(x.t.Context(), http.MethodGet, "/v1/witnesses", "", nil, &w); err != nil {
			return err.Error()
		}
		for _, trouble := range w.Troubles {
			if trouble.Accuses() {
				x.t.Fatalf("%+v", trouble)
			}
		}
		for _, p := range w.Peers {
			if p.Cosigned == 0 {
				return p.Name + " has cosigned nothing"
			}
		}
		if len(w.Peers) != 2 {
			return fmt.Sprintf("%d witnesses", len(w.Peers))
		}
		return ""
	})
}

// tell records an event about a person, and returns its index.
func (x *plane) tell(id, person string) uint64 {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), 2*time.Minute)
	defer cancel()
	e := audit.Event{ID: id, Time: time.Now(), Tenant: "t", Actor: "a", Action: "person.seen", Person: person, Personal: map[string]string{"name": person}}
	for {
		var a audit.Answer
		err := x.events.Call(ctx, http.MethodPost, "/v1/audit", id, audit.Batch{Events: []audit.Event{e}}, &a)
		if err == nil && len(a.Results) == 1 && a.Results[0].Error == nil {
			return a.Results[0].Index
		}
		if wait.Sleep(ctx, 50*time.Millisecond); ctx.Err() != nil {
			x.t.Fatalf("event %s: %v, %+v", id, err, a)
		}
	}
}

// reads tells what the leader reads of the person in an entry.
func (x *plane) reads(index uint64) string {
	x.t.Helper()
	e, err := x.lives[x.whole()].s.compliance.UnsealEntry(x.t.Context(), index, "test")
	if err != nil {
		x.t.Fatal(err)
	}
	return string(e.Data)
}

// Whoever leads stops, and one loses its whole directory: the others go on with the same
// journal and can read what was sealed, and who returns takes everything from them.
func threeServers(t *testing.T, x *plane) {
	first := x.whole()
	x.cosigned()
	one := x.tell("one", "anna")
	x.lives[first].stop()
	two := x.tell("two", "ben") // another leads
	dir := x.lives[first].s.Dir
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	x.start(first)
	second := x.whole()
	if second == first {
		t.Fatalf("%s leads, with nothing of its own", first)
	}
	x.await(func(api.Status) string { // its keys as well
		copies, err := os.ReadDir(filepath.Join(x.lives[first].s.Dir, place.PersonsDir))
		if len(copies) < 3 {
			return fmt.Sprintf("%s has %d keys of persons (%v)", first, len(copies), err)
		}
		return ""
	})
	x.lives[second].stop()
	three := x.tell("three", "cleo")
	x.start(second)
	x.whole()
	x.cosigned()
	for index, name := range map[uint64]string{one: "anna", two: "ben", three: "cleo"} {
		if got := x.reads(index); !strings.Contains(got, `"name":"`+name+`"`) {
			t.Errorf("entry %d reads %s, want %s", index, got, name)
		}
	}
	x.sameJournal()
}

// sameJournal stops all servers: what each holds is the beginning of the longest.
func (x *plane) sameJournal() {
	t := x.t
	t.Helper()
	for _, l := range x.lives {
		l.stop()
	}
	var longest *journal.Journal
	for name, l := range x.lives {
		j, err := journal.Open(filepath.Join(l.s.Dir, place.JournalDir), time.Now)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer j.Close() //nolint:errcheck // only read
		if longest == nil || j.Head().Size > longest.Head().Size {
			longest = j
		}
		defer func() {
			if root, err := longest.RootAt(j.Head().Size); err != nil || root.String() != j.Head().Root {
				t.Errorf("%s holds another journal: %v", name, err)
			}
		}()
	}
}

func TestThreeServersWithTheirOwnEtcd(t *testing.T) {
	t.Parallel()
	threeServers(t, newPlane(t, ""))
}

func TestThreeServersWithAnExternalEtcd(t *testing.T) {
	t.Parallel()
	n := loopback.New(t)
	url, peer := "http://"+n.Host(0, 1, 2379), "http://"+n.Host(0, 1, 2380)
	e, err := etcd.Start(t.Context(), etcd.Member{Name: "x", Dir: t.TempDir(), Client: url, Peer: peer, Cluster: "x=" + peer, Token: "x", MaxRequest: server.MaxRequest})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	threeServers(t, newPlane(t, "  controlPlane: {etcd: {endpoints: [\""+url+"\"]}}\n"))
}
