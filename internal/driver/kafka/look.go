package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/greenlang/fournines/internal/fact"
)

// Broker is a broker to look at.
type Broker struct {
	ID      string // component id
	Node    int32
	Address string // host:port

	Declared map[string]string // its settings, see [Member.Declared]; nil: they are not compared
}

// Looker asks the brokers of one cluster about everything they hold, over connections it keeps.
type Looker struct {
	Cluster string // REGION/kafka
	Brokers []Broker
	// What is declared of every topic: copies of a partition, and how many of them must have a record
	// before it is acknowledged. 0: it is not compared.
	Copies, Least int

	mu     sync.Mutex // guards what follows
	client *kgo.Client
	closed bool
}

// Client returns connections to the cluster, for what is asked of it and written to it.
func (l *Looker) Client() (*kgo.Client, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client != nil {
		return l.client, nil
	}
	if l.closed {
		return nil, fmt.Errorf("connect to %s: the connections were closed", l.Cluster)
	}
	c, err := l.reader()
	if err == nil {
		l.client = c
	}
	return c, err
}

// reader returns connections of their own, which their holder closes.
func (l *Looker) reader(more ...kgo.Opt) (*kgo.Client, error) {
	c, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(addresses(l.Brokers)...), kgo.ClientID("fournines"), kgo.DialTimeout(time.Second), kgo.RetryTimeout(3 * time.Second),
		kgo.RequestTimeoutOverhead(time.Second), kgo.MetadataMinAge(250 * time.Millisecond), kgo.MetadataMaxAge(10 * time.Second),
	}, more...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", l.Cluster, err)
	}
	return c, nil
}

// follow reads topics of one partition from their beginning until ctx ends, or fails; take
// gets what came at once, also nothing.
func (l *Looker) follow(ctx context.Context, take func(kgo.Fetches), topics ...string) error {
	from := map[string]map[int32]kgo.Offset{}
	for _, topic := range topics {
		from[topic] = map[int32]kgo.Offset{0: kgo.NewOffset().AtStart()}
	}
	reader, err := l.reader(kgo.ConsumePartitions(from))
	if err != nil {
		return err
	}
	defer reader.Close()
	for ctx.Err() == nil {
		fetches := reader.PollFetches(ctx)
		for _, e := range fetches.Errors() {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("read %s of %s: %w", e.Topic, l.Cluster, e.Err)
		}
		take(fetches)
	}
	return nil
}

func addresses(brokers []Broker) []string {
	out := make([]string, len(brokers))
	for i, b := range brokers {
		out[i] = b.Address
	}
	return out
}

// Close closes every connection for good; it may be called twice.
func (l *Looker) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.client != nil {
		l.client.Close()
		l.client = nil
	}
}

// Look returns what the cluster says now. What could not be asked keeps what old says of it,
// with old's time. now stamps the answers.
func (l *Looker) Look(ctx context.Context, old fact.Kafka, now func() time.Time) fact.Kafka {
	f := old
	f.Cluster, f.Brokers = l.Cluster, slices.Clone(old.Brokers)
	if len(f.Brokers) != len(l.Brokers) {
		f.Brokers = make([]fact.KafkaBroker, len(l.Brokers))
	}
	for i, b := range l.Brokers {
		f.Brokers[i].ID, f.Brokers[i].Node, f.Brokers[i].Address = b.ID, b.Node, b.Address
	}
	c, err := l.Client()
	if err == nil {
		err = l.whole(ctx, kadm.NewClient(c), &f)
	}
	if err != nil {
		f.Error = err.Error()
	} else {
		f.At, f.Error = now(), ""
	}
	if c != nil {
		l.each(ctx, c, &f, now)
	}
	f.Drift = fact.Since(f.Drift, f.Differ(), now())
	return f
}

// whole reads partitions, quorum and groups: all of them, or an error.
func (l *Looker) whole(ctx context.Context, adm *kadm.Client, f *fact.Kafka) error {
	quorum, err := l.quorum(ctx)
	if err != nil {
		return err
	}
	m, err := adm.Metadata(ctx)
	if err != nil {
		return fmt.Errorf("ask %s for its partitions: %w", l.Cluster, err)
	}
	least, differs, err := l.settings(ctx, adm, m.Topics)
	if err != nil {
		return fmt.Errorf("ask %s for its topics: %w", l.Cluster, err)
	}
	topics, err := topics(m, least)
	if err != nil {
		return fmt.Errorf("%s: %w", l.Cluster, err)
	}
	groups, err := groups(ctx, adm)
	if err != nil {
		return fmt.Errorf("ask %s for its consumers: %w", l.Cluster, err)
	}
	f.Topics, f.Groups, f.Controller, f.Differs = topics, groups, "", differs
	for i := range f.Brokers {
		b := &f.Brokers[i]
		b.Registered = slices.ContainsFunc(m.Brokers, func(d kadm.BrokerDetail) bool { return d.NodeID == b.Node })
		b.Voter, b.CaughtUp = false, time.Time{}
		for _, v := range quorum.CurrentVoters {
			if v.ReplicaID == b.Node {
				b.Voter = true
				if v.LastCaughtUpTimestamp > 0 {
					b.CaughtUp = time.UnixMilli(v.LastCaughtUpTimestamp)
				}
			}
		}
		if b.Node == quorum.LeaderID {
			f.Controller = b.ID
		}
	}
	return nil
}

// quorum asks the leader of the controller quorum, through any broker, what its voters have.
func (l *Looker) quorum(ctx context.Context) (kmsg.DescribeQuorumResponseTopicPartition, error) {
	var none kmsg.DescribeQuorumResponseTopicPartition
	c, err := l.Client()
	if err != nil {
		return none, err
	}
	req := kmsg.NewPtrDescribeQuorumRequest()
	t := kmsg.NewDescribeQuorumRequestTopic()
	t.Topic, t.Partitions = "__cluster_metadata", []kmsg.DescribeQuorumRequestTopicPartition{{Partition: 0}}
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, c)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err == nil && (len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1) {
		err = errors.New("the answer has no quorum")
	}
	if err == nil {
		err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		return none, fmt.Errorf("ask %s for its controller quorum: %w", l.Cluster, err)
	}
	return resp.Topics[0].Partitions[0], nil
}

func topics(m kadm.Metadata, least map[string]int) ([]fact.KafkaTopic, error) {
	out := []fact.KafkaTopic{}
	for _, t := range m.Topics.Sorted() {
		if t.Err != nil {
			return nil, fmt.Errorf("topic %s: %w", t.Topic, t.Err)
		}
		k := fact.KafkaTopic{Name: t.Topic, Internal: t.IsInternal, MinInSync: least[t.Topic]}
		for _, p := range t.Partitions.Sorted() {
			k.Partitions = append(k.Partitions, fact.KafkaPartition{Number: p.Partition, Leader: p.Leader, Replicas: p.Replicas, InSync: p.ISR})
		}
		out = append(out, k)
	}
	return out, nil
}

func groups(ctx context.Context, adm *kadm.Client) ([]fact.KafkaGroup, error) {
	lags, err := adm.Lag(ctx)
	if err != nil {
		return nil, err
	}
	out := []fact.KafkaGroup{}
	for _, g := range lags.Sorted() {
		k := fact.KafkaGroup{Name: g.Group, State: g.State, Members: len(g.Members), Lag: g.Lag.Total()}
		if g.Error() != nil { // its coordinator moves
			k.Lag = -1
		}
		out = append(out, k)
	}
	return out, nil
}

// each asks every broker for itself whether it answers.
func (l *Looker) each(ctx context.Context, c *kgo.Client, f *fact.Kafka, now func() time.Time) {
	var wg sync.WaitGroup
	for i := range f.Brokers {
		wg.Go(func() {
			b := &f.Brokers[i]
			if _, err := c.Broker(int(b.Node)).Request(ctx, kmsg.NewPtrApiVersionsRequest()); err != nil {
				b.Error = strings.TrimSpace(err.Error())
				return
			}
			b.Seen, b.Error = now(), ""
			if differs, err := altered(ctx, c, l.Brokers[i]); err == nil { // else what was known stays
				b.Differs = differs
			}
		})
	}
	wg.Wait()
}
