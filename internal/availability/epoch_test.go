package availability

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// asked keeps what it is asked to fence.
type asked struct {
	led
	epochs *[]string
}

func (x asked) Fence(_ context.Context, f Fence) (Proof, error) {
	*x.epochs = append(*x.epochs, f.Epoch)
	return Proof{}, nil
}

// A failover and a switchover of one lease do not share a fence: a proof that the first one's held,
// which its node still reports when it was just lifted, proves nothing for the second.
func TestEachFenceHasAnEpochOfItsOwn(t *testing.T) {
	t.Parallel()
	var epochs []string
	x := asked{led: led{leader: "a", sync: []string{"b"}}, epochs: &epochs}
	p := Postgres{Locks: x, Members: x, Fencer: x, Route: x, Now: time.Now, View: func(string) (PostgresView, error) {
		return PostgresView{Policy: spec.Postgres{Synchronous: "quorum"}}, nil
	}}
	run := func(key string, args any) *control.Run {
		b, err := json.Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		return &control.Run{Action: control.Action{Key: key, Args: b}}
	}
	failover := run(FailoverKey("east/postgres", 0x51), FailoverArgs{Member: "a", Component: "a", Lease: 0x51})
	for range 2 { // a repeat after a crash is the same demand
		if _, err := p.fence(t.Context(), failover); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"switchover-1", "switchover-2"} {
		from := chosen{From: fact.PostgresMember{Name: "a", ID: "a"}, To: fact.PostgresMember{Name: "b"}}
		if _, err := p.endOld(t.Context(), SwitchoverArgs{Candidate: "b"}, from, time.Now(), run(key, SwitchoverArgs{})); err != nil {
			t.Fatal(err)
		}
	}
	if len(epochs) != 4 || epochs[0] != epochs[1] || epochs[0] == epochs[2] || epochs[2] == epochs[3] || epochs[0] == epochs[3] {
		t.Errorf("%v", epochs)
	}
}
