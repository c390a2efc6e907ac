package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/platformtest/strict"
)

// home is where run has put the files of a program of this test.
func home(t *testing.T, name string) string {
	t.Helper()
	kept, _ := homes.Load(t.Name() + "/" + name)
	dir, _ := kept.(string)
	return dir
}

// said waits until a broker's log has a text so often.
func said(t *testing.T, name, text string, times int) {
	t.Helper()
	await(t, name+" does not say: "+text, func(context.Context) error {
		b, err := os.ReadFile(filepath.Join(home(t, name), "log"))
		if err == nil && strings.Count(string(b), text) < times {
			err = errors.New("not yet")
		}
		return err
	})
}

// A voter that has lost its data learns what the quorum has committed before it votes, waits while
// nobody leads, and is rebuilt where its meta.properties is broken.
func TestAnEmptyVoterDoesNotVote_7_1_6(t *testing.T) {
	java, err := kafka.FindJava(place.EnginesRoot())
	if err != nil {
		strict.Skip(t, "that a real voter without its data does not vote", fmt.Errorf("%w; run `make engines`", err))
	}
	l := &kafka.Looker{Cluster: "us-east-1/kafka"}
	t.Cleanup(l.Close)
	at := loopback.New(t)
	m := kafka.Member{Cluster: l.Cluster, Addresses: []string{at.IP(1, 1), at.IP(2, 1), at.IP(3, 1)}}
	brokers, start := map[string]*exec.Cmd{}, map[string]func(){}
	for i, address := range m.Addresses {
		m.Number = i + 1
		name := string(rune('a' + i))
		l.Brokers = append(l.Brokers, kafka.Broker{ID: name, Node: m.Node(), Address: fmt.Sprintf("%s:%d", address, kafka.Port)})
		argv, files := command(t, java, m), map[string]string{"server.properties": m.Config(policy), "log4j2.properties": kafka.Logging()}
		start[name] = func() { brokers[name] = run(t, name, argv, files) }
		start[name]()
	}
	kill := func(names ...string) {
		for _, name := range names {
			_ = brokers[name].Process.Kill()
			_ = brokers[name].Wait() // it was killed
		}
	}
	seen := fact.Kafka{}
	ready := func(ctx context.Context) error {
		seen = l.Look(ctx, seen, time.Now)
		if r := availability.KafkaReadiness(seen, policy, time.Now()); !r.Ready {
			return fmt.Errorf("%v", r.Reasons)
		}
		return nil
	}
	await(t, "the brokers do not come up", func(ctx context.Context) error {
		if seen = l.Look(ctx, seen, time.Now); seen.Error != "" || seen.Controller == "" {
			return errors.New(seen.Error)
		}
		return l.Create(ctx, kafka.Topic{Name: "runs", Partitions: 2, Copies: 3, Least: 2})
	})
	await(t, "the cluster is not whole", ready)

	// One that is emptied beside a leader.
	victim := "a"
	if seen.Controller == victim {
		victim = "b"
	}
	kill(victim)
	if err := os.RemoveAll(filepath.Join(home(t, victim), "data")); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	start[victim]()
	said(t, victim, "without a vote", 1)
	said(t, victim, "gets its vote", 1)
	await(t, "the emptied voter does not come back", ready)
	t.Logf("an emptied voter was whole again after %v", time.Since(began))

	// One whose meta.properties is broken.
	kill(victim)
	if err := os.WriteFile(filepath.Join(home(t, victim), "data", "meta.properties"), []byte("\x00\x01garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	start[victim]()
	said(t, victim, "what it cannot read is now in", 1)
	said(t, victim, "gets its vote", 2)
	await(t, "the broken voter does not come back", ready)
	if _, err := os.Stat(filepath.Join(home(t, victim), "data.broken", "data")); err != nil {
		t.Error(err)
	}

	// One that is emptied while nobody leads: with the one that is left it would be a majority.
	others := []string{"a", "b", "c"}
	kill(others...)
	if err := os.RemoveAll(filepath.Join(home(t, victim), "data")); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(home(t, victim), "log"))
	if err != nil {
		t.Fatal(err)
	}
	waits := "waits for a leader of the quorum"
	start[victim]()
	start["c"]()
	said(t, victim, waits, strings.Count(string(b), waits)+1)
	if _, err := os.Stat(filepath.Join(home(t, victim), "data")); err == nil {
		t.Error("it has begun anew")
	}
	for _, name := range others[:2] {
		if name != victim {
			start[name]()
		}
	}
	await(t, "the voters do not come back", ready)
}

// The only broker of a region keeps its records where its meta.properties is broken.
func TestABrokenNameOfTheOnlyBroker(t *testing.T) {
	b := newBed(t)
	b.up(t)
	name := "us-east-1"
	c, err := b.active.Client()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ProduceSync(t.Context(), &kgo.Record{Topic: "runs", Value: []byte("kept")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	_ = b.activeBroker.Process.Kill()
	_ = b.activeBroker.Wait() // it was killed
	if err := os.WriteFile(filepath.Join(home(t, name), "data", "meta.properties"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.broker()
	await(t, "its record is gone", func(ctx context.Context) error {
		ends, err := kadm.NewClient(c).ListEndOffsets(ctx, "runs")
		if err == nil {
			err = ends.Error()
		}
		sum := int64(0)
		ends.Each(func(o kadm.ListedOffset) { sum += o.Offset })
		if err == nil && sum != 1 {
			err = fmt.Errorf("%d records", sum)
		}
		return err
	})
}
