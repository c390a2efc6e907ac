package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/platformtest/strict"
	"github.com/greenlang/fournines/internal/spec"
)

// bed is two clusters of one broker each, and the mirror between them: what is declared of a
// region and its partner, as small as it goes.
type bed struct {
	java            kafka.Java
	active, standby *kafka.Looker
	mirror          func() *exec.Cmd // starts it
	broker          func() *exec.Cmd // starts the active one, again on what its disk has
	activeBroker    *exec.Cmd
}

func newBed(t *testing.T) *bed {
	t.Helper()
	java, err := kafka.FindJava(place.EnginesRoot())
	if err != nil {
		strict.Skip(t, "that real brokers take our configuration and a real mirror copies", fmt.Errorf("%w; run `make engines`", err))
	}
	b := &bed{java: java}
	policy := spec.Kafka{Brokers: 1, ReplicationFactor: 1, MinInSync: 1}
	var sides []kafka.Side
	for region, address := range map[string]string{"us-east-1": loopback.New(t).IP(1, 1), "us-west-2": loopback.New(t).IP(1, 1)} {
		m := kafka.Member{Cluster: region + "/kafka", Addresses: []string{address}, Number: 1}
		start := func() *exec.Cmd {
			return run(t, region, command(t, java, m), map[string]string{"server.properties": m.Config(policy), "log4j2.properties": kafka.Logging()})
		}
		if cmd := start(); region == "us-east-1" {
			b.activeBroker, b.broker = cmd, start
		}
		host := fmt.Sprintf("%s:%d", address, kafka.Port)
		sides = append(sides, kafka.Side{Region: region, Brokers: []string{host}})
	}
	m := kafka.Mirror{}
	for _, s := range sides {
		l := &kafka.Looker{Cluster: s.Region + "/kafka", Brokers: []kafka.Broker{{ID: s.Region + "/a/kafka", Node: 1, Address: s.Brokers[0]}}}
		t.Cleanup(l.Close)
		if s.Region == "us-east-1" {
			m.Active, b.active = s, l
		} else {
			m.Standby, b.standby = s, l
		}
	}
	b.mirror = func() *exec.Cmd {
		return run(t, "mirror", java.MirrorCommand(), map[string]string{"mirror.properties": m.Config(policy), "log4j2.properties": kafka.Logging()})
	}
	return b
}

// up waits until both clusters work, and makes the topic runs in each.
func (b *bed) up(t *testing.T) {
	t.Helper()
	for _, l := range []*kafka.Looker{b.active, b.standby} {
		await(t, "the broker does not come up", func(ctx context.Context) error {
			if f := l.Look(ctx, fact.Kafka{}, time.Now); f.Error != "" || f.Controller == "" || !f.Brokers[0].Registered || !f.Brokers[0].Voter {
				return fmt.Errorf("%+v", f)
			}
			return l.Create(ctx, kafka.Topic{Name: "runs", Partitions: 2, Copies: 1, Least: 1})
		})
	}
}

var homes sync.Map // of a test's programs, so that one that is started again finds its files

// run starts a program in a directory of its own, as a node does; it ends with the test.
func run(t *testing.T, name string, argv []string, files map[string]string) *exec.Cmd {
	t.Helper()
	kept, _ := homes.LoadOrStore(t.Name()+"/"+name, t.TempDir())
	home, _ := kept.(string)
	if err := os.MkdirAll(filepath.Join(home, "keep"), 0o700); err != nil {
		t.Fatal(err)
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(home, file), []byte(strings.ReplaceAll(text, "{home}", home)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, a := range argv {
		argv[i] = strings.ReplaceAll(a, "{home}", home)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.SysProcAttr = home, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.OpenFile(filepath.Join(home, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be gone
		_ = cmd.Wait()         // it was killed
		_ = log.Close()
		if b, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("--- %s\n%s", name, b[max(0, len(b)-4000):])
		}
	})
	return cmd
}

// await repeats until check says nothing.
func await(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// TestMirror_7_1_6 proves with numbered records that nothing is lost in either direction
// while the mirror is killed, and that copies are not copied back.
func TestMirror_7_1_6(t *testing.T) {
	b := newBed(t)
	b.up(t)
	mirror := b.mirror()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	canary := func(from, to *kafka.Looker) *kafka.Canary {
		c := &kafka.Canary{
			Run: "test", From: fact.RegionOf(from.Cluster), To: fact.RegionOf(to.Cluster), Source: from, Target: to, Copies: 1, Least: 1, Every: 100 * time.Millisecond,
			Report: func(fact.KafkaMirror) {}, Gap: func(g kafka.Gap) { t.Errorf("a gap: %+v", g) }, Now: time.Now,
		}
		wg.Go(func() { c.Start(ctx) })
		return c
	}
	canaries := []*kafka.Canary{canary(b.active, b.standby), canary(b.standby, b.active)}
	arrive := func(least int64) {
		t.Helper()
		for _, c := range canaries {
			await(t, "canaries do not arrive", func(context.Context) error {
				if f := c.Fact(); f.Received < least || f.Gaps > 0 {
					return fmt.Errorf("%+v", f)
				}
				return nil
			})
		}
	}
	arrive(20)
	t.Log(canaries[0].Fact())
	rss(t, "mirror", mirror)

	if err := mirror.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = mirror.Wait() // it was killed
	before := canaries[0].Fact().Sent
	await(t, "the source takes nothing while the mirror is dead", func(context.Context) error {
		if n := canaries[0].Fact().Sent; n < before+20 {
			return fmt.Errorf("%d", n-before)
		}
		return nil
	})
	b.mirror()
	arrive(before + 40)
	for _, c := range canaries {
		f := c.Fact()
		t.Logf("after kill -9 of the mirror: %+v", f)
		if f.Gaps > 0 {
			t.Errorf("%+v", f)
		}
	}

	// Another server begins: what the first had sent is counted at both ends.
	var closed []kafka.Run
	told := make(chan struct{})
	next := &kafka.Canary{
		Run: "next", From: "us-east-1", To: "us-west-2", Source: b.active, Target: b.standby, Copies: 1, Least: 1, Every: 100 * time.Millisecond,
		Report: func(fact.KafkaMirror) {}, Gap: func(g kafka.Gap) { t.Errorf("a gap: %+v", g) }, Now: time.Now,
		Closed: func(runs []kafka.Run) { closed = runs; close(told) },
	}
	sent := canaries[0].Fact().Sent
	wg.Go(func() { next.Start(ctx) })
	await(t, "the earlier run is not closed", func(context.Context) error {
		select {
		case <-told:
			return nil
		default:
			return fmt.Errorf("%+v", next.Fact())
		}
	})
	if len(closed) != 1 || closed[0].Run != "test" || closed[0].Sent < sent || closed[0].Received != closed[0].Sent || len(closed[0].Missing) > 0 {
		t.Errorf("closed %+v, at least %d were sent", closed, sent)
	}
	t.Logf("closed: %+v", closed)

	produce(t, b.active, "runs", 10)
	p := &kafka.Progress{From: "us-east-1", Source: b.active, Target: b.standby}
	wg.Go(func() {
		if err := p.Follow(ctx); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	await(t, "the copies are not whole", func(ctx context.Context) error {
		behind, err := p.Behind(ctx, time.Now())
		if err != nil {
			return err
		}
		for _, topic := range behind {
			if topic.Name == "runs" && topic.Records == 0 && !topic.Whole.IsZero() {
				return nil
			}
		}
		return fmt.Errorf("%+v", behind)
	})
	for _, l := range []*kafka.Looker{b.active, b.standby} {
		for _, topic := range l.Look(ctx, fact.Kafka{}, time.Now).Topics {
			if strings.Count(topic.Name, "us-east-1.")+strings.Count(topic.Name, "us-west-2.") > 1 {
				t.Errorf("%s has a copy of a copy: %s", l.Cluster, topic.Name)
			}
		}
	}
}

func produce(t *testing.T, l *kafka.Looker, topic string, n int) {
	t.Helper()
	c, err := l.Client()
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := c.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte{byte(i)}}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func rss(t *testing.T, name string, cmd *exec.Cmd) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if strings.HasPrefix(line, "VmRSS") {
			t.Log(name, line)
		}
	}
}
