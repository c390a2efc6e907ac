package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/platformtest/strict"
)

// TestBrokerLoss_7_1_6 kills the active controller of three real brokers while records are
// produced: every acknowledged one is there afterwards, once, and none was refused. The guard
// allows it before, refuses another loss meanwhile, and allows it again.
func TestBrokerLoss_7_1_6(t *testing.T) {
	java, err := kafka.FindJava(place.EnginesRoot())
	if err != nil {
		strict.Skip(t, "that three real brokers lose no record with one of them", fmt.Errorf("%w; run `make engines`", err))
	}
	l := &kafka.Looker{Cluster: "us-east-1/kafka"}
	t.Cleanup(l.Close)
	at := loopback.New(t)
	m := kafka.Member{Cluster: l.Cluster, Addresses: []string{at.IP(1, 1), at.IP(2, 1), at.IP(3, 1)}}
	brokers, start := map[string]*exec.Cmd{}, map[string]func() *exec.Cmd{}
	for i, address := range m.Addresses {
		m.Number = i + 1
		b := kafka.Broker{ID: fmt.Sprintf("us-east-1/%c/kafka", 'a'+i), Node: m.Node(), Address: fmt.Sprintf("%s:%d", address, kafka.Port)}
		l.Brokers = append(l.Brokers, b)
		argv, files := command(t, java, m), map[string]string{"server.properties": m.Config(policy), "log4j2.properties": kafka.Logging()}
		start[b.ID] = func() *exec.Cmd { return run(t, b.ID[len("us-east-1/"):][:1], argv, files) }
		brokers[b.ID] = start[b.ID]()
	}
	seen := fact.Kafka{}
	ready := func(ctx context.Context) error {
		seen = l.Look(ctx, seen, time.Now)
		if r := availability.KafkaReadiness(seen, policy, time.Now()); !r.Ready {
			return fmt.Errorf("%v", r.Reasons)
		}
		return nil
	}
	await(t, "the brokers do not come up", ready)
	for id, b := range brokers {
		rss(t, id, b)
	}
	writer := &kafka.Writer{Cluster: l, Copies: 3, Least: 2}
	t.Cleanup(writer.Close)
	load := &drill.Load{Writer: writer, Prefix: "test", Every: 20 * time.Millisecond, Limit: 30 * time.Second, Worker: 4}
	load.Start(t.Context())
	await(t, "nothing is acknowledged", func(ctx context.Context) error { return load.Await(ctx, 100, time.Time{}) })
	await(t, "the cluster is not whole under load", ready)

	victim := seen.Controller
	killed := time.Now()
	if err := brokers[victim].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = brokers[victim].Wait() // it was killed
	await(t, "nothing is acknowledged after the loss", func(ctx context.Context) error { return load.Await(ctx, 100, killed) })
	await(t, "another leads", func(ctx context.Context) error {
		if seen = l.Look(ctx, seen, time.Now); seen.Controller == "" || seen.Controller == victim {
			return errors.New(seen.Error)
		}
		return nil
	})
	if why := availability.KafkaRefusal(seen, policy, seen.Controller, time.Now()); len(why) == 0 {
		t.Errorf("a second broker may go while %s is away: %+v", victim, seen)
	}
	start[victim]()
	await(t, "the cluster does not become whole again", ready)
	load.Stop()
	n, refused := load.Acknowledged()
	lost, doubled, err := load.Check(t.Context())
	gap, _ := load.Gap(killed)
	t.Logf("%d acknowledged, %d refused, %d lost, %d doubled, longest pause %v", n, refused, len(lost), len(doubled), gap)
	if err != nil || refused > 0 || len(lost) > 0 || len(doubled) > 0 {
		t.Errorf("%v: refused %d, lost %v, doubled %v", err, refused, lost, doubled)
	}
}
