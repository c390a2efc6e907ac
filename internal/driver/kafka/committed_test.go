package kafka

import (
	"encoding/binary"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// batch is the beginning of one of Kafka's, with n records from an offset on.
func batch(offset, n int64, flags uint16, producer int64) []byte {
	b := make([]byte, batchHead)
	binary.BigEndian.PutUint64(b, uint64(offset)) //nolint:gosec // a test's
	binary.BigEndian.PutUint32(b[batchLength:], batchHead-batchLength-4)
	b[batchMagic] = 2
	binary.BigEndian.PutUint16(b[batchFlags:], flags)
	last := n - 1
	if n == 0 { // compaction keeps where it ended
		last = 3
	}
	binary.BigEndian.PutUint32(b[batchLastOffset:], uint32(last))   //nolint:gosec // likewise
	binary.BigEndian.PutUint64(b[batchProducer:], uint64(producer)) //nolint:gosec // likewise
	binary.BigEndian.PutUint32(b[batchRecords:], uint32(n))         //nolint:gosec // likewise
	return b
}

func TestScanFindsTheFirstCommittedRecord(t *testing.T) {
	t.Parallel()
	const in, end = flagTransaction, flagTransaction | flagControlBatch
	join := func(parts ...[]byte) (out []byte) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	aborted := func(producer, first int64) kmsg.FetchResponseTopicPartitionAbortedTransaction {
		return kmsg.FetchResponseTopicPartitionAbortedTransaction{ProducerID: producer, FirstOffset: first}
	}
	for _, c := range []struct {
		name    string
		b       []byte
		aborted []kmsg.FetchResponseTopicPartitionAbortedTransaction
		from    int64
		found   bool
		at      int64
	}{
		{"nothing", nil, nil, 7, false, 7},
		{"a plain record", batch(7, 1, 0, -1), nil, 7, true, 7},
		{"in the middle of a batch", batch(5, 6, 0, -1), nil, 7, true, 7},
		{"a batch before", join(batch(2, 3, 0, -1), batch(9, 1, 0, -1)), nil, 7, true, 9},
		{"committed", join(batch(7, 2, in, 1), batch(9, 1, end, 1)), nil, 7, true, 7},
		{"the end of a transaction", batch(7, 1, end, 1), nil, 7, false, 8},
		{"aborted", join(batch(7, 2, in, 1), batch(9, 1, end, 1)), []kmsg.FetchResponseTopicPartitionAbortedTransaction{aborted(1, 7)}, 7, false, 10},
		{"aborted, begun before", join(batch(7, 2, in, 1), batch(9, 1, end, 1)), []kmsg.FetchResponseTopicPartitionAbortedTransaction{aborted(1, 2)}, 7, false, 10},
		{"the next of a producer that aborted", join(batch(7, 1, in, 1), batch(8, 1, end, 1), batch(9, 1, in, 1)), []kmsg.FetchResponseTopicPartitionAbortedTransaction{aborted(1, 7)}, 7, true, 9},
		{"of another producer meanwhile", join(batch(7, 1, in, 1), batch(8, 1, in, 2)), []kmsg.FetchResponseTopicPartitionAbortedTransaction{aborted(1, 7)}, 7, true, 8},
		{"aborted twice", join(batch(7, 1, in, 1), batch(8, 1, end, 1), batch(9, 1, in, 1), batch(10, 1, end, 1)), []kmsg.FetchResponseTopicPartitionAbortedTransaction{aborted(1, 9), aborted(1, 7)}, 7, false, 11},
		{"emptied by compaction", batch(7, 0, 0, -1), nil, 7, false, 11},
		{"cut short", batch(7, 2, 0, -1)[:60], nil, 7, false, 7},
	} {
		if found, at := scan(c.b, c.aborted, c.from); found != c.found || at != c.at {
			t.Errorf("%s: %v at %d, want %v at %d", c.name, found, at, c.found, c.at)
		}
	}
}

func TestCauseIsTheLastOne(t *testing.T) {
	t.Parallel()
	trace := "org.apache.kafka.connect.errors.ConnectException: Unrecoverable exception from producer send callback\n\tat a.b(C.java:1)\nCaused by: org.apache.kafka.common.errors.RecordTooLargeException: The message is 3 bytes\n\t... 5 more\n"
	if got := cause(trace); got != "org.apache.kafka.common.errors.RecordTooLargeException: The message is 3 bytes" {
		t.Errorf("%q", got)
	}
	if got := cause(""); got != "it does not say why" {
		t.Errorf("%q", got)
	}
}
