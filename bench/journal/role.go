package main

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// result is what one process measured.
type result struct {
	Log           string  `json:"log"`
	Events        int     `json:"events"`
	PerSecond     float64 `json:"events_per_second"`
	MicrosPerOne  float64 `json:"cpu_microseconds_per_event"`
	Cores         float64 `json:"cores"`
	P50           float64 `json:"ack_p50_ms"`
	P99           float64 `json:"ack_p99_ms"`
	Max           float64 `json:"ack_max_ms"`
	ProofsPerSec  float64 `json:"inclusion_proofs_per_second"`
	SecondsToSign float64 `json:"seconds_until_all_signed"`
}

// play writes one log and prints what it measured.
func play(name string, o options) error {
	ctx := context.Background()
	l, err := open(ctx, name, o.dir)
	if err != nil {
		return err
	}
	r, err := write(ctx, l, o)
	if err == nil {
		err = prove(ctx, l, o, &r)
	}
	if err = errors.Join(err, l.Close(ctx)); err != nil {
		return err
	}
	r.Log = name
	return json.NewEncoder(os.Stdout).Encode(r)
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func write(ctx context.Context, l durable, o options) (result, error) {
	var all sync.WaitGroup
	var next atomic.Int64
	took := make([][]time.Duration, o.producers)
	failed := make(chan error, o.producers)
	begun, used := time.Now(), cpu()
	end := begun.Add(o.length)
	for p := range o.producers {
		all.Go(func() {
			for now := time.Now(); now.Before(end); {
				if err := l.Append(ctx, int(next.Add(1))); err != nil {
					failed <- err
					return
				}
				done := time.Now()
				took[p] = append(took[p], done.Sub(now))
				now = done
			}
		})
	}
	all.Wait()
	length := time.Since(begun)
	select {
	case err := <-failed:
		return result{}, err
	default:
	}
	acks := slices.Concat(took...)
	slices.Sort(acks)
	n := len(acks)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	spent := cpu() - used
	return result{
		Events: n, PerSecond: float64(n) / length.Seconds(), MicrosPerOne: float64(spent.Nanoseconds()) / 1000 / float64(n),
		Cores: spent.Seconds() / length.Seconds(), P50: ms(acks[n/2]), P99: ms(acks[n*99/100]), Max: ms(acks[n-1]),
	}, nil
}

func prove(ctx context.Context, l durable, o options, r *result) error {
	begun := time.Now()
	proof, size, err := l.Prover(ctx)
	if err != nil {
		return err
	}
	r.SecondsToSign = time.Since(begun).Seconds()
	random := rand.New(rand.NewPCG(1, 2))
	begun = time.Now()
	for range o.proofs {
		if _, err := proof(random.Uint64N(size)); err != nil {
			return err
		}
	}
	r.ProofsPerSec = float64(o.proofs) / time.Since(begun).Seconds()
	return nil
}
