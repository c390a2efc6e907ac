package kafka

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Poison writes to a region what its mirror could stumble over, and reads from the copies what came of
// it. It is a drill's: one at a time, in topics of its own.
type Poison struct {
	Name           string // begins the names of its topics
	From           string // region
	Source, Target *Looker
	Copies, Least  int // of the topics

	wanted map[string]map[string]bool // by topic: keys of records that were acknowledged, and committed
}

// PoisonTopics is how many topics there are.
const PoisonTopics = 3

// How much it writes.
const (
	poisonBytes   = 3 << 20 // a record, before it is compressed
	poisonLimit   = 8 << 20 // the largest batch of its topic
	poisonRecords = 400     // of the topic that is made anew
	poisonAborted = 7       // of a transaction
	abortedKey    = "aborted-"
)

func (p *Poison) topics() []string { return []string{p.large(), p.money(), p.anew()} }
func (p *Poison) large() string    { return p.Name + ".large" }
func (p *Poison) money() string    { return p.Name + ".money" }
func (p *Poison) anew() string     { return p.Name + ".anew" }

// Fill makes the topics and writes: large records, compressed and such as do not shrink, in a topic with a
// limit of its own; a transaction that is aborted, and one that is not; records of a topic to be made anew.
func (p *Poison) Fill(ctx context.Context) error {
	p.wanted = map[string]map[string]bool{}
	for _, topic := range p.topics() {
		if err := p.create(ctx, topic); err != nil {
			return err
		}
	}
	noise := make([]byte, poisonLimit-1<<20)
	_, _ = rand.Read(noise) // it never fails
	err := p.write(ctx, p.large(), kgo.NoCompression(), "noise-", 1, noise)
	if err == nil {
		err = p.Add(ctx)
	}
	if err == nil {
		err = p.write(ctx, p.anew(), kgo.NoCompression(), "old-", poisonRecords*3/4, nil)
	}
	if err == nil {
		err = p.transactions(ctx)
	}
	return err
}

func (p *Poison) create(ctx context.Context, topic string) error {
	settings := Topic{Name: topic, Partitions: 1, Copies: p.Copies, Least: p.Least, Keeps: canaryKeeps}
	if topic == p.large() {
		settings.Largest = strconv.Itoa(poisonLimit)
	}
	return p.Source.Create(ctx, settings)
}

// Add writes one record that gzip makes small and that is large again for everybody else.
func (p *Poison) Add(ctx context.Context) error {
	return p.write(ctx, p.large(), kgo.GzipCompression(), strconv.Itoa(len(p.wanted[p.large()]))+"-zip-", 1, bytes.Repeat([]byte("x"), poisonBytes))
}

// write produces n records and keeps their keys.
func (p *Poison) write(ctx context.Context, topic string, codec kgo.CompressionCodec, key string, n int, value []byte) error {
	c, err := p.Source.reader(kgo.RequiredAcks(kgo.AllISRAcks()), kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(codec), kgo.ProducerBatchMaxBytes(poisonLimit), kgo.RecordDeliveryTimeout(30*time.Second))
	if err != nil {
		return err
	}
	defer c.Close()
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = &kgo.Record{Key: []byte(key + strconv.Itoa(i)), Value: value}
	}
	if err := c.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("write to %s of %s: %w", topic, p.Source.Cluster, err)
	}
	if p.wanted[topic] == nil {
		p.wanted[topic] = map[string]bool{}
	}
	for _, r := range records {
		p.wanted[topic][string(r.Key)] = true
	}
	return nil
}

func (p *Poison) transactions(ctx context.Context) error {
	c, err := p.Source.reader(kgo.TransactionalID(p.Name), kgo.DefaultProduceTopic(p.money()))
	if err != nil {
		return err
	}
	defer c.Close()
	p.wanted[p.money()] = map[string]bool{}
	for _, t := range []struct {
		key string
		end kgo.TransactionEndTry
	}{{abortedKey, kgo.TryAbort}, {"paid-", kgo.TryCommit}, {abortedKey + "last-", kgo.TryAbort}} {
		if err := c.BeginTransaction(); err != nil {
			return fmt.Errorf("begin a transaction in %s: %w", p.Source.Cluster, err)
		}
		for i := range poisonAborted {
			key := t.key + strconv.Itoa(i)
			if err := c.ProduceSync(ctx, &kgo.Record{Key: []byte(key)}).FirstErr(); err != nil {
				return fmt.Errorf("write to %s of %s: %w", p.money(), p.Source.Cluster, err)
			}
			if t.end == kgo.TryCommit {
				p.wanted[p.money()][key] = true
			}
		}
		if err := c.EndTransaction(ctx, t.end); err != nil {
			return fmt.Errorf("end a transaction in %s: %w", p.Source.Cluster, err)
		}
	}
	return nil
}

// Renew deletes a topic and makes it anew under the same name, with more records than it had.
func (p *Poison) Renew(ctx context.Context) error {
	c, err := p.Source.Client()
	if err != nil {
		return err
	}
	adm := kadm.NewClient(c)
	if _, err := adm.DeleteTopic(ctx, p.anew()); err != nil {
		return fmt.Errorf("delete %s of %s: %w", p.anew(), p.Source.Cluster, err)
	}
	delete(p.wanted, p.anew())
	for { // a name is free once every broker has let it go
		meta, err := adm.Metadata(ctx, p.anew())
		if err != nil {
			return fmt.Errorf("ask %s for %s: %w", p.Source.Cluster, p.anew(), err)
		}
		if errors.Is(meta.Topics[p.anew()].Err, kerr.UnknownTopicOrPartition) {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s of %s is not gone: %w", p.anew(), p.Source.Cluster, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	if err := p.create(ctx, p.anew()); err != nil {
		return err
	}
	return p.write(ctx, p.anew(), kgo.NoCompression(), "new-", poisonRecords, nil)
}

// Poisoned is what came out at the copies.
type Poisoned struct {
	Written int // and committed
	Lost    int // of these
	Aborted int // records of aborted transactions that are there
}

// Count reads the copies to their ends.
func (p *Poison) Count(ctx context.Context) (out Poisoned, err error) {
	for _, topic := range p.topics() {
		there, err := p.keys(ctx, Copy(p.From, topic))
		if err != nil {
			return out, err
		}
		for key := range p.wanted[topic] {
			if out.Written++; !there[key] {
				out.Lost++
			}
		}
		for key := range there {
			if strings.HasPrefix(key, abortedKey) {
				out.Aborted++
			}
		}
	}
	return out, nil
}

func (p *Poison) keys(ctx context.Context, topic string) (map[string]bool, error) {
	c, err := p.Target.reader(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	ends, err := kadm.NewClient(c).ListEndOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s where %s ends: %w", p.Target.Cluster, topic, err)
	}
	out := map[string]bool{}
	end, _ := ends.Lookup(topic, 0)
	for at := int64(0); at < end.Offset; {
		fetches := c.PollFetches(ctx)
		for _, e := range fetches.Errors() {
			return nil, fmt.Errorf("read %s of %s: %w", topic, p.Target.Cluster, e.Err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			out[string(r.Key)] = true
			at = r.Offset + 1
		})
	}
	return out, nil
}

// Drop deletes the topics and their copies, as far as they are there.
func (p *Poison) Drop(ctx context.Context) error {
	var errs []error
	for _, l := range []*Looker{p.Source, p.Target} {
		names := p.topics()
		if l == p.Target {
			for i := range names {
				names[i] = Copy(p.From, names[i])
			}
		}
		c, err := l.Client()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all, err := kadm.NewClient(c).DeleteTopics(ctx, names...)
		errs = append(errs, err)
		for _, r := range all.Sorted() {
			if r.Err != nil && !errors.Is(r.Err, kerr.UnknownTopicOrPartition) {
				errs = append(errs, fmt.Errorf("delete %s of %s: %w", r.Topic, l.Cluster, r.Err))
			}
		}
	}
	return errors.Join(errs...)
}
