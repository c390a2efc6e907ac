package availability

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/state"
)

func TestConnectionFinding(t *testing.T) {
	t.Parallel()
	cluster := func(roles map[string]int, sessions ...fact.PostgresSessions) fact.Postgres {
		return fact.Postgres{Cluster: east + "/postgres", Connections: fact.PostgresConnections{
			At: zero, Member: east + "/a/postgres", Short: zero.Add(-time.Minute), Sessions: sessions, Roles: roles, Databases: map[string]int{"app": 75},
		}}
	}
	pool := fact.PostgresSessions{Role: "app", Database: "app", Application: "app", Client: "10.0.0.1", Open: 20, Idle: 3}
	hog := fact.PostgresSessions{Role: "app", Database: "app", Application: "report", Client: "10.0.0.2", Open: 48, Idle: 48}
	guest := fact.PostgresSessions{Role: "gu'est", Database: "app", Open: 50}
	probe := fact.PostgresSessions{Role: "probe", Database: "postgres", Open: 90}
	limit := map[string]int{"app": 75}
	for _, c := range []struct {
		name  string
		of    fact.Postgres
		after time.Duration
		parts []string // none: no finding
	}{
		{"nine tenths", cluster(limit, pool, hog), 0, []string{
			"role app has 68 of the 75 sessions that it may have on us-east-1/a/postgres, and 51 of them are idle", `those of "report" from 10.0.0.2 (48, 48 idle), those of "app" from 10.0.0.1 (20, 3 idle)`, "53300", "usename = 'app'",
		}},
		{"fewer", cluster(limit, pool), 0, nil},
		{"a role without a limit in a database with one", cluster(limit, pool, guest), 0, []string{"The database app has 70 of the 75", "datname = 'app'", "from the same machine (50, 0 idle)"}},
		{"a role that nobody limits", cluster(limit, probe), 0, nil},
		{"what was seen long ago", cluster(limit, pool, hog), time.Minute, nil},
	} {
		f, short := ConnectionFinding(c.of, zero.Add(c.after))
		if short != (len(c.parts) > 0) {
			t.Errorf("%s: %v %+v", c.name, short, f)
			continue
		}
		for _, part := range c.parts {
			if !strings.Contains(f.Text, part) {
				t.Errorf("%s: %q is not in %q", c.name, part, f.Text)
			}
		}
		if short && (f.Code != "connections-short" || f.Subject != east+"/postgres" || !f.Since.Equal(zero.Add(-time.Minute)) || f.Title == "") {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
	if got := connectionDetail(cluster(limit, pool).Connections, east+"/a/postgres", zero); got != ", app has 20 of 75 sessions" {
		t.Errorf("%q", got)
	}
	if got := connectionDetail(cluster(limit, pool).Connections, east+"/b/postgres", zero); got != "" {
		t.Errorf("of another member: %q", got)
	}
}

// Too many databases of others are told while it is known.
func TestCrowdedFinding(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	p := fact.Postgres{Cluster: "us-east-1/postgres", Connections: fact.PostgresConnections{At: now, Crowded: "nine databases", Crowd: now.Add(-time.Minute)}}
	if f, told := CrowdedFinding(p, now); !told || f.Subject != p.Cluster || !f.Since.Equal(p.Connections.Crowd) || !strings.Contains(f.Text, "nine databases") {
		t.Errorf("%+v %v", f, told)
	}
	if _, told := CrowdedFinding(p, now.Add(time.Hour)); told {
		t.Error("it is told of an old look")
	}
	p.Connections.Crowded = ""
	if _, told := CrowdedFinding(p, now); told {
		t.Error("it is told without a cause")
	}
}

func TestDecideBound(t *testing.T) {
	t.Parallel()
	v := newStage().view
	if got := DecideBound(v, zero); len(got) != 0 {
		t.Errorf("nothing differs: %+v", got)
	}
	v.Cluster.Connections = fact.PostgresConnections{At: zero, Differs: []string{"role app may have 3 sessions instead of 75"}}
	got := DecideBound(v, zero)
	if len(got) != 1 || got[0].Key != "bound:us-east-1.postgres:1" || got[0].Subject != east+"/postgres/connections" || got[0].Reason != "role app may have 3 sessions instead of 75" {
		t.Fatalf("%+v", got)
	}
	v.Last = []control.Operation{{Action: control.Action{Key: got[0].Key}, State: control.Failed, Ended: zero}}
	if got := DecideBound(v, zero.Add(time.Second)); len(got) != 0 {
		t.Errorf("at once again: %+v", got)
	}
	v.Cluster.Connections.At = zero.Add(time.Minute)
	if got := DecideBound(v, zero.Add(time.Minute)); len(got) != 1 || got[0].Key != "bound:us-east-1.postgres:2" {
		t.Errorf("later again: %+v", got)
	}
	if got := DecideBound(v, zero.Add(2*time.Minute)); len(got) != 0 {
		t.Errorf("nobody has looked lately: %+v", got)
	}
	v.Cluster.Lock.Leader = ""
	if got := DecideBound(v, zero.Add(time.Minute)); len(got) != 0 {
		t.Errorf("nobody leads: %+v", got)
	}
}

// bounds are a cluster's limits in a file: it outlives the process that is killed.
type bounds struct{ path string }

type limited struct{ Role, Changes int }

func (b bounds) read() (l limited) {
	text, err := os.ReadFile(b.path)
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		panic(err)
	}
	return l
}

func (b bounds) Bound(context.Context, string) ([]string, error) {
	l := b.read()
	if l.Role == 75 {
		return nil, nil
	}
	text, err := json.Marshal(limited{75, l.Changes + 1})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(b.path+".tmp", text, 0o600); err != nil {
		return nil, err
	}
	return []string{"role app"}, os.Rename(b.path+".tmp", b.path)
}

func TestBoundCrashAnywhere(t *testing.T) {
	at := func(dir string) bounds { return bounds{filepath.Join(dir, "bounds.json")} }
	a, err := control.NewAction("k", KindBound, BoundSubject(east+"/postgres"), BoundArgs{Cluster: east + "/postgres"})
	if err != nil {
		t.Fatal(err)
	}
	crashtest.Run(t, crashtest.World{
		Action: a,
		Setup:  func(string) error { return nil },
		Kinds:  func(dir string, _ *state.Projection) []control.Kind { return Bounder{at(dir)}.Kinds() },
		Check: func(dir string, o control.Operation) error {
			if l := at(dir).read(); o.State != control.Succeeded || l.Role != 75 || l.Changes != 1 {
				return fmt.Errorf("it is %s (%s): %+v", o.State, o.Error, l)
			}
			return nil
		},
	})
}
