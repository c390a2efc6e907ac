package availability

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/state"
)

// stream is a mirror in a file, which outlives the process that is killed.
type stream struct {
	path string

	Fenced   string
	Stops    int
	Offsets  map[string]int64 // topic → offset to go on from
	Noted    []string
	WhileRun bool // something was changed while the mirror ran
}

func (s stream) change(f func(*stream)) error {
	var now stream
	b, err := os.ReadFile(s.path)
	if err == nil {
		err = json.Unmarshal(b, &now)
	}
	if err != nil {
		return err
	}
	f(&now)
	if b, err = json.Marshal(now); err != nil {
		return err
	}
	if err := os.WriteFile(s.path+".tmp", b, 0o600); err != nil {
		return err
	}
	return os.Rename(s.path+".tmp", s.path)
}

func (s stream) Fence(_ context.Context, f Fence) (Proof, error) {
	return Proof{By: "test", At: zero}, s.change(func(now *stream) {
		if now.Fenced != f.Epoch {
			now.Fenced = f.Epoch
			now.Stops++
		}
	})
}

func (s stream) Lift(_ context.Context, _, epoch string) error {
	return s.change(func(now *stream) {
		if now.Fenced == epoch {
			now.Fenced = ""
		}
	})
}

func (s stream) Seek(_ context.Context, _, _, topic string, offsets map[int32]int64) error {
	return s.change(func(now *stream) {
		now.WhileRun = now.WhileRun || now.Fenced == ""
		now.Offsets[topic] = offsets[0] // of nil: zero, the beginning
	})
}

func (s stream) Note(_ context.Context, a SteerArgs) error {
	return s.change(func(now *stream) {
		now.WhileRun = now.WhileRun || now.Fenced == ""
		now.Noted = nil
		for _, r := range a.Renewed {
			now.Noted = append(now.Noted, r.Topic)
		}
		for _, r := range a.Resume {
			now.Noted = append(now.Noted, r.Topic)
		}
	})
}

func (s stream) Aside(string, string) ([]SetAside, error) { return []SetAside{{Topic: "big"}}, nil }

func (s stream) Lacks(_, _, topic string) (SkippedRecord, bool) {
	return SkippedRecord{Partition: 0, Offset: 7}, topic == "big"
}

func (s stream) Runs(string, string) (runs bool) {
	return s.change(func(now *stream) { runs = now.Fenced == "" }) == nil && runs
}

func TestSteer_7_1_6_CrashAnywhere(t *testing.T) {
	a, err := control.NewAction("k", KindSteer, mirrorID, SteerArgs{
		Component: mirrorID, Renewed: []Renewed{{From: east, To: west, Topic: "orders"}}, Resume: []Resumed{{From: east, To: west, Topic: "big", Skip: &SkippedRecord{Offset: 7}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := func(dir string) string { return filepath.Join(dir, "stream.json") }
	crashtest.Run(t, crashtest.World{
		Action: a,
		Setup: func(dir string) error {
			return os.WriteFile(file(dir), []byte(`{"Offsets":{"orders":300,"runs":50,"big":7}}`), 0o600)
		},
		Kinds: func(dir string, _ *state.Projection) []control.Kind {
			s := stream{path: file(dir)}
			return Steerer{Mirrors: s, Fencer: s, Now: time.Now}.Kinds()
		},
		Check: func(dir string, o control.Operation) error {
			if o.State != control.Succeeded {
				return fmt.Errorf("it is %s: %s", o.State, o.Error)
			}
			bad := error(nil)
			err := stream{path: file(dir)}.change(func(now *stream) {
				switch {
				case now.Fenced != "":
					bad = errors.New("the mirror is kept dead")
				case now.WhileRun:
					bad = errors.New("offsets were changed while the mirror ran")
				case !maps.Equal(now.Offsets, map[string]int64{"orders": 0, "runs": 50, "big": 8}):
					bad = fmt.Errorf("it goes on from %v", now.Offsets)
				case strings.Join(now.Noted, " ") != "orders big":
					bad = fmt.Errorf("noted are %v", now.Noted)
				}
			})
			return errors.Join(err, bad)
		},
	})
}

// A person goes on without the record that is in the way, and without no other.
func TestSteerGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		r    Resumed
		want string
	}{
		{Resumed{Topic: "big"}, ""},
		{Resumed{Topic: "big", Skip: &SkippedRecord{Offset: 7}}, ""},
		{Resumed{Topic: "big", Skip: &SkippedRecord{Offset: 8}}, "is offset 7 of partition 0: skip that one"},
		{Resumed{Topic: "runs"}, "topic runs is not set aside"},
		{Resumed{Topic: "runs", Skip: &SkippedRecord{Offset: 7}}, "there is nothing to skip"},
	} {
		a, err := control.NewAction("k", KindSteer, mirrorID, SteerArgs{Component: mirrorID, Resume: []Resumed{c.r}})
		if err != nil {
			t.Fatal(err)
		}
		switch err := (Steerer{Mirrors: stream{}}).guard(t.Context(), a); {
		case err == nil && c.want == "":
		case err == nil || c.want == "" || !strings.Contains(err.Error(), c.want):
			t.Errorf("%+v: %v, want %q", c.r, err, c.want)
		}
	}
}
