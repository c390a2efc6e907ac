package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/greenlang/fournines/internal/fact"
)

// CanaryTopic holds the numbered records of a region. It has one partition, so that they
// keep their order.
const CanaryTopic = "fournines.canary"

// canaryKeeps is how long they are kept, in milliseconds.
const canaryKeeps = "3600000"

// tick is a numbered record. Each life of a canary counts from 1, and closes what earlier
// ones left: see [Canary.Closed].
type tick struct {
	Run    string `json:"run"`
	Number int64  `json:"n"`
}

// Gap is what a canary proves lost: acknowledged at the source, and overtaken at the target.
type Gap struct {
	From    string  `json:"from"` // region
	To      string  `json:"to"`
	Run     string  `json:"run"` // of the canary, as the records at both ends say
	Numbers []int64 `json:"numbers"`
}

// Canary writes numbered records to one region's cluster and reads them at another's, as
// often as Every says, and so proves one direction of a mirror.
type Canary struct {
	Run            string // names this life
	From, To       string // regions
	Source, Target *Looker
	Copies, Least  int // of the topic at the source
	Every          time.Duration
	Report         func(fact.KafkaMirror) // after each change, and once a second
	Gap            func(Gap)
	// Closed is told once what became of the runs before this one, whose server has ended:
	// when the first record of this run arrives, all of theirs have, for they are in one
	// partition. Nil: nobody wants to know.
	Closed          func([]Run)
	Now             func() time.Time
	mu              sync.Mutex // guards what follows
	past            past
	seq             Sequence
	at              time.Time
	sendErr, getErr string
}

// Start works until ctx ends. What fails is in the reports, and tried again.
func (c *Canary) Start(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { c.send(ctx) })
	wg.Go(func() { c.receive(ctx) })
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-t.C:
			c.Report(c.Fact())
		}
	}
	wg.Wait()
}

// Fact returns what is proved now.
func (c *Canary) Fact() fact.KafkaMirror {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := fact.KafkaMirror{
		From: c.From, To: c.To, At: c.at, Sent: c.seq.Sent, Received: c.seq.Received, Gaps: int64(len(c.seq.Missing())),
		Duplicates: c.seq.Duplicates, Lag: c.seq.Lag(c.Now()), Records: c.seq.Pending(), Error: c.sendErr,
	}
	if f.Error == "" {
		f.Error = c.getErr
	}
	return f
}

func (c *Canary) note(where *string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *where = ""; err != nil {
		*where = err.Error()
	}
}

// most is how many records may wait for a source that does not take them.
const most = 64

func (c *Canary) send(ctx context.Context) {
	t := time.NewTicker(c.Every)
	defer t.Stop()
	made := false
	for n := int64(1); ctx.Err() == nil; {
		client, err := c.Source.Client()
		if err == nil && !made {
			err = c.create(ctx)
			if err == nil {
				err = c.readPast(ctx)
			}
			made = err == nil
		}
		switch {
		case err != nil:
			c.note(&c.sendErr, err)
		case client.BufferedProduceRecords() >= most:
			c.note(&c.sendErr, fmt.Errorf("%s takes no canaries: %d wait", c.Source.Cluster, most))
		default:
			c.produce(ctx, client, n)
			n++
		}
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
}

func (c *Canary) create(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return c.Source.Create(ctx, Topic{Name: CanaryTopic, Partitions: 1, Copies: c.Copies, Least: c.Least, Keeps: canaryKeeps})
}

func (c *Canary) produce(ctx context.Context, client *kgo.Client, n int64) {
	b, err := json.Marshal(tick{c.Run, n})
	if err != nil { // it has no field that could not be written
		c.note(&c.sendErr, err)
		return
	}
	c.mu.Lock()
	c.seq.Sending(n)
	c.mu.Unlock()
	client.Produce(ctx, &kgo.Record{Topic: CanaryTopic, Value: b}, func(_ *kgo.Record, err error) {
		c.note(&c.sendErr, err)
		c.mu.Lock()
		gap := false
		if err == nil {
			gap = c.seq.Acknowledged(n, c.Now())
		} else {
			c.seq.Refused(n)
		}
		c.mu.Unlock()
		if gap {
			c.Gap(Gap{c.From, c.To, c.Run, []int64{n}})
		}
	})
}

func (c *Canary) receive(ctx context.Context) {
	for ctx.Err() == nil {
		if err := c.read(ctx); err != nil && ctx.Err() == nil {
			c.note(&c.getErr, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// read waits for the copies' topic and then takes what comes, from its beginning: a run's
// first records may be there before we are.
func (c *Canary) read(ctx context.Context) error {
	topic := Copy(c.From, CanaryTopic)
	client, err := c.Target.Client()
	if err != nil {
		return err
	}
	meta, err := kadm.NewClient(client).Metadata(ctx, topic)
	if err != nil {
		return fmt.Errorf("ask %s for %s: %w", c.Target.Cluster, topic, err)
	}
	if t, ok := meta.Topics[topic]; !ok || errors.Is(t.Err, kerr.UnknownTopicOrPartition) {
		return fmt.Errorf("%s has no %s yet: the mirror has not made it", c.Target.Cluster, topic)
	}
	return c.Target.follow(ctx, func(fetches kgo.Fetches) {
		fetches.EachRecord(c.take)
		c.note(&c.getErr, nil)
	}, topic)
}

// take counts a record.
func (c *Canary) take(r *kgo.Record) {
	var t tick
	if err := json.Unmarshal(r.Value, &t); err != nil {
		return // nobody else writes there; what is unreadable would be missing
	}
	c.mu.Lock()
	if t.Run != c.Run {
		c.past.copied(t)
		c.mu.Unlock()
		return
	}
	c.at = c.Now()
	gaps := c.seq.Arrived(t.Number, c.at)
	closed, over := c.past.close()
	c.mu.Unlock()
	if over && c.Closed != nil {
		c.Closed(closed)
	}
	if len(gaps) > 0 {
		c.Gap(Gap{c.From, c.To, c.Run, gaps})
	}
}
