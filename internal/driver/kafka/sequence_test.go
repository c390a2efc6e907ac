package kafka_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/kafka"
)

var begun = time.Unix(1_700_000_000, 0)

func TestSequenceTellsGapsFromDuplicates(t *testing.T) {
	t.Parallel()
	var s kafka.Sequence
	for n := int64(1); n <= 6; n++ {
		s.Sending(n)
		if n != 3 && n != 6 {
			s.Acknowledged(n, begun)
		}
	}
	s.Refused(6)
	if gaps := s.Arrived(1, begun); len(gaps) != 0 {
		t.Errorf("1 came first, gaps %v", gaps)
	}
	if gaps := s.Arrived(5, begun.Add(time.Second)); !slices.Equal(gaps, []int64{2, 4}) {
		t.Errorf("5 has overtaken %v, and nobody knows of 3", gaps)
	}
	if !s.Acknowledged(3, begun) {
		t.Error("3 is there after all and was overtaken: no gap is seen")
	}
	if missing := s.Missing(); !slices.Equal(missing, []int64{2, 3, 4}) {
		t.Errorf("missing %v", missing)
	}
	s.Arrived(4, begun) // late
	s.Arrived(5, begun) // again
	if s.Received != 3 || s.Duplicates != 1 || s.Sent != 5 || len(s.Missing()) != 2 || s.Pending() != 0 {
		t.Errorf("%+v, missing %v, pending %d", s, s.Missing(), s.Pending())
	}
	s.Sending(7)
	s.Acknowledged(7, begun)
	if lag := s.Lag(begun.Add(time.Minute)); s.Pending() != 1 || lag != time.Minute {
		t.Errorf("pending %d, lag %v", s.Pending(), lag)
	}
}

// A mirror that dies begins again at any point that it passed, and may only repeat: whatever
// is acknowledged when, nothing is called lost.
func TestARepeatIsNoGap(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 16)) //nolint:gosec // the same each time
	for range 2000 {
		var s kafka.Sequence
		sent, next, total := int64(0), int64(1), int64(0)
		var open []int64 // not acknowledged yet
		for range 200 {
			switch r.IntN(4) {
			case 0:
				sent++
				s.Sending(sent)
				open = append(open, sent)
			case 1:
				if len(open) > 0 {
					s.Acknowledged(open[0], begun)
					open = open[1:]
				}
			case 2:
				if next <= sent {
					if gaps := s.Arrived(next, begun); len(gaps) > 0 {
						t.Fatalf("%d came, gaps %v", next, gaps)
					}
					next, total = next+1, total+1
				}
			case 3:
				if r.IntN(10) == 0 {
					next = 1 + r.Int64N(next)
				}
			}
		}
		if len(s.Missing()) > 0 || s.Received+s.Duplicates != total {
			t.Fatalf("%+v after %d arrivals", s, total)
		}
	}
}
