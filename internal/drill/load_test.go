package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func at(ms ...int) []time.Time {
	var out []time.Time
	for _, m := range ms {
		out = append(out, time.UnixMilli(int64(m)))
	}
	return out
}

func TestLongestGap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		times []time.Time
		from  int
		gap   time.Duration
		until int
	}{
		{"the gap the fault falls into counts from the write before it", at(0, 90, 2090, 2100), 100, 2 * time.Second, 2090},
		{"gaps that ended before it do not count", at(0, 5000, 5010, 5030), 5005, 20 * time.Millisecond, 5030},
		{"order of arrival does not matter", at(2090, 0, 2100, 90), 100, 2 * time.Second, 2090},
		{"nothing before it", at(300, 310), 100, 200 * time.Millisecond, 300},
	} {
		gap, until := longestGap(c.times, time.UnixMilli(int64(c.from)))
		if gap != c.gap || !until.Equal(time.UnixMilli(int64(c.until))) {
			t.Errorf("%s: %v until %v", c.name, gap, until.UnixMilli())
		}
	}
}

// What interrupts nothing needs no recovery, however late the longest of the short gaps comes.
func TestRecovered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		times      []time.Time
		gap, after time.Duration
	}{
		{at(90, 200, 300, 40_000, 40_900), 39_700 * time.Millisecond, 39_900 * time.Millisecond},
		{at(90, 200, 300, 400, 1_399, 1_400), 999 * time.Millisecond, 0},
		{at(90, 1_090, 1_100), time.Second, 990 * time.Millisecond},
		{nil, 0, 0},
	} {
		l := Load{}
		for _, a := range c.times {
			l.acks = append(l.acks, ack{at: a})
		}
		if gap, after := l.Recovered(time.UnixMilli(100)); gap != c.gap || after != c.after {
			t.Errorf("%v after %v, want %v after %v", gap, after, c.gap, c.after)
		}
	}
}

func TestLoss(t *testing.T) {
	t.Parallel()
	l := Load{}
	for i, a := range at(0, 4_000, 8_000, 9_500, 10_500, 11_000, 16_000) {
		l.acks = append(l.acks, ack{key: string(rune('a' + i)), at: a})
	}
	fault := time.UnixMilli(10_000)
	for _, c := range []struct {
		lost   []string
		moment int
		age    time.Duration
		most   int
	}{
		{nil, 10_000, 0, 2},                                           // c, d
		{[]string{"c"}, 10_000, 2 * time.Second, 2},                   // it died when it was to
		{[]string{"f", "d", "e"}, 11_000, 1500 * time.Millisecond, 4}, // it acknowledged for another second
		{[]string{"e"}, 10_500, 0, 3},
		{[]string{"g"}, 16_000, 0, 2}, // and long after: for the caller to see
	} {
		if got, want := l.Loss(c.lost, fault, 5*time.Second), (Loss{time.UnixMilli(int64(c.moment)), c.age, c.most}); got != want {
			t.Errorf("%v: %+v, want %+v", c.lost, got, want)
		}
	}
}

// lossy acknowledges writes and loses, doubles or refuses some on purpose.
type lossy struct {
	mu   sync.Mutex
	n    int
	kept map[string]int
}

func (w *lossy) Write(_ context.Context, key string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	switch w.n % 10 {
	case 3:
		return errors.New("refused")
	case 5: // acknowledged and lost
	case 7:
		w.kept[key] = 2
	default:
		w.kept[key] = 1
	}
	return nil
}

func (w *lossy) Count(_ context.Context, keys []string) (map[string]int, error) {
	if len(keys) > 100 {
		return nil, errors.New("more than 100 keys")
	}
	out := map[string]int{}
	for _, k := range keys {
		if n := w.kept[k]; n > 0 {
			out[k] = n
		}
	}
	return out, nil
}

// The checker must find what a bad platform does, or it proves nothing of a good one.
func TestCheckFindsLostAndDoubledWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &Load{Writer: &lossy{kept: map[string]int{}}, Prefix: "p", Every: 10 * time.Millisecond, Limit: time.Second, Worker: 4}
		l.Start(t.Context())
		if err := l.Await(t.Context(), 270, time.Time{}); err != nil {
			t.Fatal(err)
		}
		l.Stop()
		acknowledged, failed := l.Acknowledged()
		lost, doubled, err := l.Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := acknowledged + failed
		if failed != (n+7)/10 || len(lost) != (n+5)/10 || len(doubled) != (n+3)/10 {
			t.Fatalf("of %d: %d failed, %d lost, %d doubled", n, failed, len(lost), len(doubled))
		}
		if slices.Contains(lost, doubled[0]) {
			t.Fatal("a doubled write counts as lost")
		}
	})
}

// keeper is a Recorder that is away for its first calls.
type keeper struct {
	away  int
	kinds []string
}

func (k *keeper) Record(_ context.Context, n int, r Report) (Report, error) {
	if k.away--; k.away >= 0 {
		return r, errors.New("connection refused")
	}
	if n != len(k.kinds) {
		return r, errors.New("out of order")
	}
	k.kinds = append(k.kinds, r.Verdict)
	return r, nil
}

func TestExecuteReportsFailureAndStillLeavesThePlatformAsItWas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		healed := false
		d := Drill{Name: "d", Steps: []Action{
			{Name: "break", Timeout: time.Second, Do: func(context.Context, *Run) (string, error) { return "", errors.New("it holds") }},
			{Name: "never", Timeout: time.Second, Do: func(context.Context, *Run) (string, error) { panic("reached") }},
			{Name: "heal", Timeout: time.Second, Always: true, Do: func(context.Context, *Run) (string, error) { healed = true; return "", nil }},
		}}
		k := &keeper{away: 5}
		r, err := d.Execute(t.Context(), Env{ID: "1", Recorder: k})
		if err != nil || r.Verdict != Fail || !healed || r.Steps[1].State != "waiting" || r.Error != "break: it holds" {
			t.Fatalf("%+v %v healed=%v", r, err, healed)
		}
		if k.kinds[0] != Running || k.kinds[len(k.kinds)-1] != Fail {
			t.Fatalf("recorded %v", k.kinds)
		}
	})
}

// A person who ends a drill gets the platform back as it was.
func TestADrillThatIsEndedHeals(t *testing.T) {
	t.Parallel()
	ctx, end := context.WithCancel(t.Context())
	healed := false
	d := Drill{Name: "d", Steps: []Action{
		{Name: "break", Timeout: time.Second, Do: func(context.Context, *Run) (string, error) { end(); return "it is broken", nil }},
		{Name: "watch", Timeout: time.Second, Do: func(ctx context.Context, _ *Run) (string, error) { return "", ctx.Err() }},
		{Name: "heal", Timeout: time.Second, Always: true, Do: func(ctx context.Context, _ *Run) (string, error) { healed = true; return "", ctx.Err() }},
	}}
	r, err := d.Execute(ctx, Env{ID: "1", Recorder: heeding{&keeper{}}})
	if err != nil || !healed || r.Verdict != Aborted || r.Steps[2].State != "succeeded" {
		t.Fatalf("%+v %v healed=%v", r, err, healed)
	}
}

// full is a recorder that takes no report: another drill runs.
type full struct{ asked int }

func (f *full) Record(_ context.Context, _ int, r Report) (Report, error) {
	f.asked++
	return r, fmt.Errorf("%w: another one runs", ErrRefused)
}

func TestADrillThatIsRefusedDoesNothing(t *testing.T) {
	t.Parallel()
	d := Drill{Name: "d", Steps: []Action{{Name: "break", Timeout: time.Second, Always: true, Do: func(context.Context, *Run) (string, error) { panic("reached") }}}}
	f := &full{}
	if _, err := d.Execute(t.Context(), Env{ID: "1", Recorder: f}); !errors.Is(err, ErrRefused) || f.asked != 1 {
		t.Fatalf("%v, asked %d times", err, f.asked)
	}
}

// heeding is a recorder that is asked over a network: it records nothing for who has gone.
type heeding struct{ Recorder }

func (h heeding) Record(ctx context.Context, sequence int, r Report) (Report, error) {
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	return h.Recorder.Record(ctx, sequence, r)
}

func TestAMissedObjectiveFailsTheDrill(t *testing.T) {
	t.Parallel()
	d := Drill{Name: "d", Steps: []Action{{Name: "measure", Timeout: time.Second, Do: func(_ context.Context, r *Run) (string, error) {
		r.Objective(AtMost("writes_lost", "count", 0, 1))
		r.Objective(AtLeast("writes_acknowledged", "count", 1, 1))
		return "", nil
	}}}}
	if r, err := d.Execute(t.Context(), Env{ID: "1", Recorder: &keeper{}}); err != nil || r.Verdict != Fail || !r.Objectives[1].Met {
		t.Fatalf("%+v %v", r, err)
	}
}
