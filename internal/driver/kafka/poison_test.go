package kafka_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/fact"
)

// copying is a bed whose mirror runs, with what follows it from the active region to the other.
type copying struct {
	*bed
	progress *kafka.Progress
	process  *exec.Cmd
	adm      *kadm.Client // of the active region
}

func newCopying(t *testing.T) *copying {
	t.Helper()
	b := newBed(t)
	b.up(t)
	c := &copying{bed: b, progress: &kafka.Progress{From: "us-east-1", Source: b.active, Target: b.standby}, process: b.mirror()}
	client, err := b.active.Client()
	if err != nil {
		t.Fatal(err)
	}
	c.adm = kadm.NewClient(client)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			_ = c.progress.Follow(ctx) // the mirror has not begun, or stands still: the test sees what it lacks
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return c
}

func (c *copying) create(t *testing.T, topic string, settings map[string]*string) {
	t.Helper()
	if _, err := c.adm.CreateTopic(t.Context(), 1, 1, settings, topic); err != nil {
		t.Fatal(err)
	}
}

// topic returns what one look says of a topic.
func (c *copying) topic(ctx context.Context, name string) (fact.MirroredTopic, error) {
	all, err := c.progress.Behind(ctx, time.Now())
	if err != nil {
		return fact.MirroredTopic{}, err
	}
	for _, m := range all {
		if m.Name == name {
			return m, nil
		}
	}
	return fact.MirroredTopic{}, fmt.Errorf("no topic %s among %d", name, len(all))
}

func (c *copying) awaitWhole(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		await(t, "the copy of "+name+" is not whole", func(ctx context.Context) error {
			m, err := c.topic(ctx, name)
			if why, _ := c.progress.Failed(); err == nil && m.Records != 0 {
				err = fmt.Errorf("%+v; failed: %q", m, why)
			}
			return err
		})
	}
}

// read returns the values of a copy, also of transactions that were aborted.
func (c *copying) read(t *testing.T, topic string) (out []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	k := client(t, c.standby, kgo.ConsumeTopics(kafka.Copy("us-east-1", topic)), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxBytes(64<<20))
	ends, err := kadm.NewClient(k).ListEndOffsets(ctx, kafka.Copy("us-east-1", topic))
	if err != nil {
		t.Fatal(err)
	}
	end, _ := ends.Lookup(kafka.Copy("us-east-1", topic), 0)
	for at := int64(0); at < end.Offset && ctx.Err() == nil; {
		k.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			at = r.Offset + 1
			if len(r.Value) > 64 {
				out = append(out, fmt.Sprintf("%d bytes", len(r.Value)))
			} else {
				out = append(out, string(r.Value))
			}
		})
	}
	return out
}

func (c *copying) produce(t *testing.T, topic string, codec kgo.CompressionCodec, values ...[]byte) {
	t.Helper()
	k := client(t, c.active, kgo.ProducerBatchCompression(codec), kgo.ProducerBatchMaxBytes(60<<20), kgo.ProducerLinger(0), kgo.DefaultProduceTopic(topic))
	defer k.Close()
	for _, v := range values {
		if err := k.ProduceSync(t.Context(), &kgo.Record{Value: v}).FirstErr(); err != nil {
			t.Fatalf("%d bytes into %s: %v", len(v), topic, err)
		}
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	return b
}

func numbers(n int) (out [][]byte) {
	for i := range n {
		out = append(out, []byte(strconv.Itoa(i)))
	}
	return out
}

// TestMirrorCopiesWhatBrokersTake_7_1_6 copies records that are larger than clients' defaults: compressed ones
// that grow, ones that do not shrink, ones of a topic with a limit of its own at once, and so many small
// batches of large records that the mirror could not hold them.
func TestMirrorCopiesWhatBrokersTake_7_1_6(t *testing.T) {
	c := newCopying(t)
	limit := strconv.Itoa(8 << 20)
	for _, topic := range []string{"plain", "grows", "bombs"} {
		c.create(t, topic, nil)
	}
	c.create(t, "wide", map[string]*string{"max.message.bytes": &limit})
	c.produce(t, "grows", kgo.GzipCompression(), bytes.Repeat([]byte("x"), 3<<20), random(3<<20), bytes.Repeat([]byte("y"), 20<<20))
	c.produce(t, "wide", kgo.NoCompression(), random(7<<20))
	c.produce(t, "wide", kgo.ZstdCompression(), bytes.Repeat([]byte("z"), 20<<20))
	bombs := make([][]byte, 100)
	for i := range bombs {
		bombs[i] = bytes.Repeat([]byte{'b'}, 6<<20)
	}
	c.produce(t, "bombs", kgo.GzipCompression(), bombs...)
	c.produce(t, "plain", kgo.NoCompression(), numbers(50)...)
	c.awaitWhole(t, "plain", "grows", "wide", "bombs")
	for topic, want := range map[string]string{
		"grows": fmt.Sprintf("%d bytes,%d bytes,%d bytes", 3<<20, 3<<20, 20<<20), "wide": fmt.Sprintf("%d bytes,%d bytes", 7<<20, 20<<20),
	} {
		if got := strings.Join(c.read(t, topic), ","); got != want {
			t.Errorf("the copy of %s has %s, want %s", topic, got, want)
		}
	}
	if n := len(c.read(t, "bombs")); n != len(bombs) {
		t.Errorf("the copy has %d of %d records of 6 MB", n, len(bombs))
	}
	rss(t, "mirror after 600 MB", c.process)
}

// TestMirrorCopiesWhatIsCommitted_7_1_6 aborts transactions, also the last one, which leaves offsets
// that no reader of committed records ever gets.
func TestMirrorCopiesWhatIsCommitted_7_1_6(t *testing.T) {
	c := newCopying(t)
	c.create(t, "money", nil)
	k := client(t, c.active, kgo.TransactionalID("till"), kgo.DefaultProduceTopic("money"))
	transaction := func(name string, n int, end kgo.TransactionEndTry) {
		t.Helper()
		if err := k.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if err := k.ProduceSync(t.Context(), &kgo.Record{Value: fmt.Appendf(nil, "%s%d", name, i)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	transaction("aborted", 7, kgo.TryAbort)
	transaction("paid", 3, kgo.TryCommit)
	transaction("aborted", 2, kgo.TryAbort)
	c.awaitWhole(t, "money")
	c.produce(t, "money", kgo.NoCompression(), []byte("plain"))
	transaction("aborted", 60, kgo.TryAbort)
	c.awaitWhole(t, "money")
	if got := strings.Join(c.read(t, "money"), " "); got != "paid0 paid1 paid2 plain" {
		t.Errorf("the copy has %s", got)
	}
	// An open transaction holds readers of committed records back, and is not behind.
	if err := k.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := k.ProduceSync(t.Context(), &kgo.Record{Value: []byte("open")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	c.awaitWhole(t, "money")
	if err := k.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	await(t, "the open transaction does not come", func(ctx context.Context) error {
		if got := c.read(t, "money"); got[len(got)-1] != "open" {
			return fmt.Errorf("%v", got)
		}
		return nil
	})
}

// TestTopicMadeAnew_7_1_6 deletes a topic and makes it anew while the mirror is frozen, with more records than
// it had: what the mirror takes for copied is not. The ids tell, and from the beginning all are copied.
func TestTopicMadeAnew_7_1_6(t *testing.T) {
	c := newCopying(t)
	c.create(t, "orders", nil)
	c.create(t, "short", nil)
	c.produce(t, "orders", kgo.NoCompression(), numbers(300)...)
	c.produce(t, "short", kgo.NoCompression(), numbers(20)...)
	c.awaitWhole(t, "orders", "short")
	before, err := c.topic(t.Context(), "orders")
	if err != nil {
		t.Fatal(err)
	}

	if err := c.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	c.produce(t, "orders", kgo.NoCompression(), numbers(5)...)
	c.produce(t, "short", kgo.NoCompression(), numbers(30)...)
	stopped := time.Now()
	await(t, "what the copy lacks does not show", func(ctx context.Context) error {
		m, err := c.topic(ctx, "orders")
		if err == nil && m.Records != 5 {
			err = fmt.Errorf("%+v", m)
		}
		return err
	})
	if _, err := c.adm.DeleteTopics(t.Context(), "orders"); err != nil {
		t.Fatal(err)
	}
	await(t, "it cannot be made anew", func(ctx context.Context) error {
		_, err := c.adm.CreateTopic(ctx, 1, 1, nil, "orders")
		return err
	})
	c.produce(t, "orders", kgo.NoCompression(), numbers(400)...)
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: "short", Partition: 0, At: 40, LeaderEpoch: -1})
	if _, err := c.adm.DeleteRecords(t.Context(), offsets); err != nil {
		t.Fatal(err)
	}
	after, err := c.topic(t.Context(), "orders")
	if err != nil || after.ID == before.ID || after.Copy != before.Copy || after.Old != 5 {
		t.Errorf("%v: before %+v, after %+v", err, before, after)
	}
	await(t, "what was deleted before it was copied does not show", func(ctx context.Context) error {
		m, err := c.topic(ctx, "short")
		if err == nil && (len(m.Gone) != 1 || m.Gone[0] != fact.MissingRecords{From: 20, To: 40}) {
			err = fmt.Errorf("%+v, %v after the mirror was stopped", m, time.Since(stopped))
		}
		return err
	})

	// What fournines does: the mirror is stopped, begins anew with the topic, and is started.
	if err := c.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.process.Wait() // it was killed
	if err := c.progress.Seek(t.Context(), "orders", nil); err != nil {
		t.Fatal(err)
	}
	c.process = c.mirror()
	await(t, "the new topic is not copied", func(ctx context.Context) error {
		seen := map[string]bool{}
		for _, v := range c.read(t, "orders")[300:] {
			seen[v] = true
		}
		if len(seen) < 400 {
			return fmt.Errorf("%d of 400", len(seen))
		}
		return nil
	})
	c.awaitWhole(t, "orders", "short")
	if n := len(c.read(t, "orders")); n != 700 {
		t.Errorf("the copy has %d records, 300 of the old topic and 400 of the new one were copied once", n)
	}
	if got := c.read(t, "short"); len(got) != 30 || got[20] != "20" {
		t.Errorf("the copy of a log that was shortened has %v", got)
	}
}

// TestOneRecordTooLarge_7_1_6 has a record that the mirror cannot take, the first of its topic: the mirror
// itself says why it stopped, and where it stands is known, so that a person can go on without that record.
func TestOneRecordTooLarge_7_1_6(t *testing.T) {
	c := newCopying(t)
	limit := strconv.Itoa(60 << 20)
	c.create(t, "plain", nil)
	c.create(t, "huge", map[string]*string{"max.message.bytes": &limit})
	c.produce(t, "plain", kgo.NoCompression(), numbers(10)...)
	c.awaitWhole(t, "plain")
	c.produce(t, "huge", kgo.NoCompression(), random(30<<20), []byte("after"))
	await(t, "the mirror does not say that it failed", func(ctx context.Context) error {
		if why, at := c.progress.Failed(); !strings.Contains(why, "RecordTooLargeException") || at.IsZero() {
			return fmt.Errorf("it says %q at %v", why, at)
		}
		return nil
	})
	c.produce(t, "plain", kgo.NoCompression(), numbers(10)...)
	m, err := c.topic(t.Context(), "huge")
	if err != nil || m.Records != 2 || m.Partition != 0 || m.Offset != 0 || !m.Moved.IsZero() {
		t.Errorf("%v: %+v", err, m)
	}
	if err := c.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.process.Wait() // it was killed
	if err := c.progress.Seek(t.Context(), "huge", map[int32]int64{0: 1}); err != nil {
		t.Fatal(err)
	}
	c.process = c.mirror()
	c.awaitWhole(t, "huge", "plain")
	if got := c.read(t, "huge"); len(got) != 1 || got[0] != "after" {
		t.Errorf("the copy has %v", got)
	}
	if why, _ := c.progress.Failed(); why != "" {
		t.Errorf("it still says %q", why)
	}
}
