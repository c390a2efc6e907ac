package kafka

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// scanned is how many answers of a broker are read for one partition at most in one look.
const scanned = 8

// firstCommitted looks for the first record between two offsets that a reader of committed records gets, and
// returns the offset up to which there is none. Offsets have gaps: ends of transactions take one, and so do
// records that a transaction took back.
func firstCommitted(ctx context.Context, c *kgo.Client, topic kadm.TopicDetail, partition kadm.PartitionDetail, from, to int64) (found bool, at int64, err error) {
	for range scanned {
		if from >= to {
			break
		}
		part, err := fetchRaw(ctx, c, topic, partition, from)
		if err != nil {
			return false, from, fmt.Errorf("read %s-%d at %d: %w", topic.Topic, partition.Partition, from, err)
		}
		found, at := scan(part.RecordBatches, part.AbortedTransactions, from)
		switch {
		case found:
			return at < to, min(at, to), nil
		case at == from: // nothing is there: a compacted log may end before its end
			return false, to, nil
		}
		from = at
	}
	return false, min(from, to), nil
}

func fetchRaw(ctx context.Context, c *kgo.Client, topic kadm.TopicDetail, partition kadm.PartitionDetail, from int64) (kmsg.FetchResponseTopicPartition, error) {
	var none kmsg.FetchResponseTopicPartition
	req := kmsg.NewPtrFetchRequest()
	req.MaxBytes, req.IsolationLevel, req.SessionEpoch = 1<<16, 1, -1
	t, p := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
	t.Topic, t.TopicID = topic.Topic, topic.ID
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = partition.Partition, from, 1<<16
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	resp, err := c.Broker(int(partition.Leader)).Request(ctx, req)
	if err != nil {
		return none, err
	}
	answer, ok := resp.(*kmsg.FetchResponse)
	if !ok || len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) != 1 {
		return none, fmt.Errorf("the answer is not about the partition: %T", resp)
	}
	part := answer.Topics[0].Partitions[0]
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
		return none, err
	}
	return part, kerr.ErrorForCode(part.ErrorCode)
}

// Where the fields of a batch of records are, and its flags.
//
// Source: Kafka's protocol, "Record batch", magic 2.
const (
	batchHead        = 61
	batchLength      = 8
	batchMagic       = 16
	batchFlags       = 21
	batchLastOffset  = 23
	batchProducer    = 43
	batchRecords     = 57
	flagTransaction  = 0x10
	flagControlBatch = 0x20
)

// scan looks for the first record at or after from that no transaction took back, without reading
// what batches hold: the offset at which to go on, when it is not found.
func scan(b []byte, aborted []kmsg.FetchResponseTopicPartitionAbortedTransaction, from int64) (found bool, at int64) {
	aborted = slices.Clone(aborted)
	slices.SortFunc(aborted, func(a, b kmsg.FetchResponseTopicPartitionAbortedTransaction) int {
		return int(min(max(a.FirstOffset-b.FirstOffset, -1), 1))
	})
	dead := map[int64]bool{} // producers whose transaction under way was aborted
	for len(b) >= batchHead && b[batchMagic] == 2 {
		first := int64(binary.BigEndian.Uint64(b)) //nolint:gosec // Kafka's offsets are positive
		last := first + int64(binary.BigEndian.Uint32(b[batchLastOffset:]))
		flags, producer := binary.BigEndian.Uint16(b[batchFlags:]), int64(binary.BigEndian.Uint64(b[batchProducer:])) //nolint:gosec // likewise
		for len(aborted) > 0 && aborted[0].FirstOffset <= last {
			dead[aborted[0].ProducerID] = true
			aborted = aborted[1:]
		}
		switch {
		case flags&flagControlBatch != 0: // the end of a transaction
			delete(dead, producer)
		case last < from || binary.BigEndian.Uint32(b[batchRecords:]) == 0 || flags&flagTransaction != 0 && dead[producer]:
		default:
			return true, max(first, from)
		}
		from = max(from, last+1)
		size := batchLength + 4 + int(binary.BigEndian.Uint32(b[batchLength:]))
		if size > len(b) {
			break // the broker sent its beginning only
		}
		b = b[size:]
	}
	return false, from
}
