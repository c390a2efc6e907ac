package kafka_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/greenlang/fournines/internal/driver/kafka"
)

// longestReread is how far back a group may have to read again after its region has moved.
const longestReread = 60 * time.Second

// book is what became of numbered records, over both regions.
type book struct {
	mu     sync.Mutex
	acked  map[int]time.Time // by number: acknowledged to its producer
	read   map[int]int       // how often the group has processed it
	newest time.Time         // when the newest record was produced that the group has read
	again  int               // records processed more than once
	far    time.Duration     // the longest time from a record that was read again to the newest that had been read
}

// process notes what a consumer has read, and how far that lies behind the newest record that
// the group had read when this member began. It goes by the record's own time: a record whose
// acknowledgement never came may be there too, and is read again like any other.
func (b *book) process(r *kgo.Record, newest time.Time) {
	n := numberOf(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.read[n]++; b.read[n] > 1 {
		b.again++
		b.far = max(b.far, newest.Sub(r.Timestamp))
	}
	if r.Timestamp.After(b.newest) {
		b.newest = r.Timestamp
	}
}

func numberOf(r *kgo.Record) int {
	n, err := strconv.Atoi(string(r.Value))
	if err != nil {
		return -1
	}
	return n
}

func address(l *kafka.Looker) string { return l.Brokers[0].Address }

func client(t *testing.T, l *kafka.Looker, more ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(address(l)), kgo.MetadataMinAge(100 * time.Millisecond)}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// fill produces numbers from one on, fifty a second, until ctx ends, and returns the next.
func (b *book) fill(ctx context.Context, c *kgo.Client, from int) int {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := from; ; n++ {
		select {
		case <-ctx.Done():
			return n
		case <-tick.C:
		}
		done := make(chan error, 1)
		c.Produce(ctx, &kgo.Record{Topic: "runs", Value: []byte(strconv.Itoa(n))}, func(_ *kgo.Record, err error) { done <- err })
		select {
		case err := <-done:
			if err != nil {
				continue // nobody was told that it is there
			}
		case <-ctx.Done(): // it may be there, and nobody was told
			return n + 1
		}
		b.mu.Lock()
		b.acked[n] = time.Now()
		b.mu.Unlock()
	}
}

// consume reads as a member of the group, and commits once a second, until ctx ends.
func (b *book) consume(ctx context.Context, t *testing.T, l *kafka.Looker, topics ...string) {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(address(l)), kgo.ConsumerGroup("billing"), kgo.ConsumeTopics(topics...), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(6*time.Second), kgo.MetadataMinAge(100*time.Millisecond), kgo.MetadataMaxAge(time.Second))
	if err != nil {
		t.Error(err)
		return
	}
	defer c.CloseAllowingRebalance()
	b.mu.Lock()
	newest := b.newest // of what was read before this member began
	b.mu.Unlock()
	committed := time.Now()
	for ctx.Err() == nil {
		c.PollFetches(ctx).EachRecord(func(r *kgo.Record) { b.process(r, newest) })
		if time.Since(committed) >= time.Second {
			committed = time.Now()
			_ = c.CommitUncommittedOffsets(ctx) // what is not committed is read again, and counted
		}
	}
}

// there returns how often each number is in a topic now.
func there(ctx context.Context, t *testing.T, l *kafka.Looker, topic string) map[int]int {
	t.Helper()
	c := client(t, l, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	ends, err := kadm.NewClient(c).ListEndOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	left, out := map[int32]int64{}, map[int]int{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	for len(left) > 0 && ctx.Err() == nil {
		c.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			out[numberOf(r)]++
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	if ctx.Err() != nil {
		t.Fatalf("%s of %s was not read to its end", topic, l.Cluster)
	}
	return out
}

// awaitGroup waits until the group's offsets have come to a cluster for all partitions.
func awaitGroup(t *testing.T, l *kafka.Looker, topic string) {
	t.Helper()
	c := client(t, l)
	await(t, "the group's offsets do not come to "+l.Cluster, func(ctx context.Context) error {
		offsets, err := kadm.NewClient(c).FetchOffsets(ctx, "billing")
		if err != nil {
			return err
		}
		for p := range int32(2) {
			if o, ok := offsets.Lookup(topic, p); !ok || o.At <= 0 {
				return fmt.Errorf("partition %d of %s: %+v", p, topic, offsets)
			}
		}
		return nil
	})
}

// awaitRead waits until the group has read all that is in a topic now.
func (b *book) awaitRead(t *testing.T, l *kafka.Looker, topic string) map[int]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	present := there(ctx, t, l, topic)
	await(t, "the group has a gap in "+topic+" of "+l.Cluster, func(context.Context) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		for n := range present {
			if b.read[n] == 0 {
				return fmt.Errorf("%d of %d records, for example %d, were read by nobody", len(present)-len(b.read), len(present), n)
			}
		}
		return nil
	})
	return present
}

func (b *book) report(t *testing.T, what string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	t.Logf("%s: 0 gaps, %d records read again, the oldest %.1f s before where the group had been", what, b.again, b.far.Seconds())
	if b.far > longestReread {
		t.Errorf("%s: a record was read again that lay %s back", what, b.far)
	}
	b.again, b.far = 0, 0
}

// TestGroupFollowsItsRegion_7_1_6 loses a region with SIGKILL while a group reads: the group
// goes on at the partner from offsets that the mirror has translated, without a gap; what is
// produced there while the region is away comes home with it, every record; and the group
// goes on at home.
func TestGroupFollowsItsRegion_7_1_6(t *testing.T) {
	b := newBed(t)
	b.up(t)
	mirror := b.mirror()
	k := &book{acked: map[int]time.Time{}, read: map[int]int{}}

	// At home.
	living, die := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	next := 0
	producer := client(t, b.active, kgo.RecordPartitioner(kgo.RoundRobinPartitioner()), kgo.ProducerLinger(0), kgo.RecordDeliveryTimeout(2*time.Second))
	wg.Go(func() { next = k.fill(living, producer, 0) })
	wg.Go(func() { k.consume(living, t, b.active, "runs") })
	awaitGroup(t, b.standby, kafka.Copy("us-east-1", "runs"))
	steady, stop := context.WithTimeout(t.Context(), 15*time.Second) // several rounds of translation under load
	<-steady.Done()
	stop()
	k.again, k.far = 0, 0

	// The region is gone.
	if err := b.activeBroker.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = b.activeBroker.Wait() // it was killed
	die()
	wg.Wait()
	away, end := context.WithCancel(t.Context())
	wg.Go(func() { k.consume(away, t, b.standby, kafka.Copy("us-east-1", "runs"), "runs") })
	copied := k.awaitRead(t, b.standby, kafka.Copy("us-east-1", "runs"))
	lost := 0
	for n := range k.acked {
		if copied[n] == 0 {
			lost++
		}
	}
	t.Logf("%d records acknowledged at home, of which %d had not been copied (recovery point); %d came twice", len(k.acked), lost, doubled(copied))
	k.report(t, "at the partner")

	producer.Close()

	// Its customers are at the partner.
	first := next
	filling, full := context.WithCancel(t.Context())
	there2 := client(t, b.standby, kgo.RecordPartitioner(kgo.RoundRobinPartitioner()), kgo.ProducerLinger(0))
	wg.Go(func() { next = k.fill(filling, there2, first) })
	some, enough := context.WithTimeout(t.Context(), 10*time.Second)
	<-some.Done()
	enough()

	// It comes back while they go on there, and then they come home: the mirror, which begins
	// anew with it, translates what the group commits from now on.
	b.activeBroker = b.broker()
	if mirror.ProcessState != nil {
		b.mirror()
	}
	back := time.Now()
	awaitGroup(t, b.active, kafka.Copy("us-west-2", "runs"))
	full()
	k.awaitRead(t, b.standby, "runs")
	end()
	wg.Wait()
	await(t, "records that were produced at the partner do not come home", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		home, err := count(ctx, t, b.active, kafka.Copy("us-west-2", "runs"))
		if err != nil {
			return err
		}
		if home < int64(next-first) {
			return fmt.Errorf("%d of %d are home", home, next-first)
		}
		return nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	home := there(ctx, t, b.active, kafka.Copy("us-west-2", "runs"))
	missing := 0
	for n, at := range k.acked {
		if n >= first && home[n] == 0 {
			missing++
			t.Errorf("record %d, acknowledged at the partner at %v, is not home", n, at)
		}
	}
	t.Logf("%d records produced at the partner, %d missing at home %.0f s after it came back, %d twice", next-first, missing, time.Since(back).Seconds(), doubled(home))
	athome, over := context.WithCancel(t.Context())
	wg.Go(func() { k.consume(athome, t, b.active, kafka.Copy("us-west-2", "runs"), "runs") })
	producer = client(t, b.active, kgo.ProducerLinger(0))
	for range 100 { // new ones, which only a group that has come home reads
		if err := producer.ProduceSync(ctx, &kgo.Record{Topic: "runs", Value: []byte(strconv.Itoa(next))}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		k.mu.Lock()
		k.acked[next] = time.Now()
		k.mu.Unlock()
		next++
	}
	k.awaitRead(t, b.active, "runs")
	k.awaitRead(t, b.active, kafka.Copy("us-west-2", "runs"))
	over()
	wg.Wait()
	k.report(t, "home again")
}

func doubled(m map[int]int) (n int) {
	for _, times := range m {
		if times > 1 {
			n++
		}
	}
	return n
}

// count returns how many records a topic holds.
func count(ctx context.Context, t *testing.T, l *kafka.Looker, topic string) (n int64, err error) {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(address(l)))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	adm := kadm.NewClient(c)
	begins, err := adm.ListStartOffsets(ctx, topic)
	if err != nil {
		return 0, err
	}
	ends, err := adm.ListEndOffsets(ctx, topic)
	if err != nil {
		return 0, err
	}
	ends.Each(func(o kadm.ListedOffset) {
		if begin, ok := begins.Lookup(topic, o.Partition); ok && o.Err == nil {
			n += o.Offset - begin.Offset
		}
	})
	return n, nil
}
