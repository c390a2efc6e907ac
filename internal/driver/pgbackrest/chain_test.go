package pgbackrest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// world is an archive of up to three timelines, as a simple oracle sees it: one segment after
// the other.
type world struct {
	begins []int64                   // of timeline 1, 2, …: the segment in which it left the one before
	there  map[segment]storedSegment // what is stored
	first  int64                     // of the backup, which is on timeline 1
	last   int64
}

func draw(r *rand.Rand) world {
	w := world{begins: []int64{0}, there: map[segment]storedSegment{}, first: 250 + r.Int64N(4)}
	w.last = w.first + r.Int64N(3)
	end := w.last
	for timeline := uint32(1); timeline <= uint32(1+r.IntN(3)); timeline++ {
		begin := w.first - r.Int64N(3)
		if timeline > 1 {
			begin = end + r.Int64N(3)
			w.begins = append(w.begins, begin)
		}
		end = begin + r.Int64N(8)
		if timeline == 1 {
			end = max(end, w.last)
		}
		for n := begin; n <= end+r.Int64N(3); n++ { // an old timeline goes on after the next has left it
			s := storedSegment{number: n, at: time.Unix(n*10+int64(timeline), 0)}
			switch r.IntN(12) {
			case 0:
				continue
			case 1:
				s.wrong = "it is stored empty"
			}
			w.there[segment{timeline, n}] = s
		}
	}
	return w
}

// owner is the timeline whose segment recovery reads.
func (w world) owner(n int64) uint32 {
	for i := len(w.begins) - 1; i > 0; i-- {
		if n >= w.begins[i] {
			return uint32(i + 1)
		}
	}
	return 1
}

// walk is the oracle: which segments are missing up to a target, and whether it is reached.
func (w world) walk(t Target) (missing []segment, last segment, reached bool) {
	newest := w.begins[len(w.begins)-1] - 1
	if len(w.begins) == 1 {
		newest = w.last
	}
	for s := range w.there {
		if int(s.timeline) == len(w.begins) {
			newest = max(newest, s.number)
		}
	}
	to, known := newest, t.Kind == Newest
	switch t.Kind {
	case Consistent:
		to, known = w.last, true
	case Position:
		if want := max(t.Position/defaultSegment, w.last); want <= newest {
			to, known = want, true
		}
	case At:
		for n := w.last; n <= newest && !known; n++ {
			if s, ok := w.there[segment{w.owner(n), n}]; ok && !s.at.Before(t.Time) {
				to, known = n, true
			}
		}
	}
	for n := w.first; n <= to; n++ {
		one := segment{w.owner(n), n}
		s, ok := w.there[one]
		switch {
		case !ok || s.wrong != "":
			missing = append(missing, one)
		case len(missing) == 0:
			last = one
		}
	}
	return missing, last, known && len(missing) == 0
}

func (w world) archive() archive {
	a := archive{segments: map[uint32][]storedSegment{}}
	for s, one := range w.there {
		a.segments[s.timeline] = append(a.segments[s.timeline], one)
	}
	for timeline := range a.segments {
		slices.SortFunc(a.segments[timeline], func(x, y storedSegment) int { return int(x.number - y.number) })
	}
	for i := range w.begins[1:] {
		a.histories = append(a.histories, uint32(i+2))
	}
	return a
}

// The chain finds what a walk over every single segment finds, in all that may be drawn.
func TestChainFindsWhatAWalkFinds(t *testing.T) {
	t.Parallel()
	const size = defaultSegment
	for seed := range uint64(20000) {
		r := rand.New(rand.NewPCG(seed, 15))
		w := draw(r)
		b := fact.Backup{Label: "x", First: segment{1, w.first}.name(size), Last: segment{1, w.last}.name(size), End: w.last * size}
		a := w.archive()
		var history []ancestor
		for i, begin := range w.begins[1:] {
			history = append(history, ancestor{timeline: uint32(i + 1), left: begin*size + r.Int64N(size)})
		}
		timeline := a.newest(1)
		target := Target{Kind: []Kind{Newest, Consistent, At, Position}[r.IntN(4)], Time: time.Unix(w.first*10+r.Int64N(200), 0), Position: (w.first+r.Int64N(20))*size + r.Int64N(size)}
		if target.Kind == Consistent {
			timeline, history, w.begins = 1, nil, w.begins[:1]
		}
		way, err := a.path(b, timeline, history, size)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got := a.chain(b, way, target, size)
		missing, last, reached := w.walk(target)
		var named []string
		for _, g := range got.Gaps {
			from, _ := parseSegment(g.First, size)
			to, _ := parseSegment(g.Last, size)
			for n := from.number; n <= to.number; n++ {
				named = append(named, segment{g.Timeline, n}.name(size))
			}
		}
		var want []string
		for _, m := range missing {
			want = append(want, m.name(size))
		}
		wantLast := ""
		if last.timeline != 0 {
			wantLast = last.name(size)
		}
		if !slices.Equal(named, want) || got.Last != wantLast || got.Reached != reached {
			t.Fatalf("seed %d, %+v: missing %v last %s reached %v; a walk finds %v %s %v", seed, target, named, got.Last, got.Reached, want, wantLast, reached)
		}
	}
}

// A timeline that left the backup's before its end, or that no history leads to, is no way.
func TestPathRefusesAnotherHistory(t *testing.T) {
	t.Parallel()
	const size = defaultSegment
	b := fact.Backup{Label: "x", First: segment{2, 5}.name(size), Last: segment{2, 6}.name(size), End: 6*size + 100}
	for i, history := range [][]ancestor{nil, {{1, 3 * size}}, {{1, 3 * size}, {2, 6 * size}}} {
		if way, err := (archive{}).path(b, 3, history, size); err == nil {
			t.Errorf("%d: %+v", i, way)
		}
	}
	way, err := (archive{}).path(b, 4, []ancestor{{1, 3 * size}, {2, 7*size + 1}, {3, 9 * size}}, size)
	if want := []span{{2, 5, 6}, {3, 7, 8}, {4, 9, 8}}; err != nil || !slices.Equal(way, want) {
		t.Errorf("%+v, %v, want %+v", way, err, want)
	}
}

// Of a timeline whose history file is lost recovery knows nothing, and says nothing.
func TestALostHistoryIsNamed(t *testing.T) {
	t.Parallel()
	a := archive{segments: map[uint32][]storedSegment{1: {{number: 1}}, 2: {{number: 2}}, 3: {{number: 4}, {number: 5}}}, histories: []uint32{3}}
	newest := a.newest(1)
	if newest != 1 {
		t.Errorf("newest %d", newest)
	}
	got := a.lost(newest, defaultSegment)
	if len(got) != 2 || got[1].Timeline != 3 || got[1].Segments != 2 || got[0].Why != "00000002.history is not stored" {
		t.Errorf("%+v", got)
	}
}

func TestListingNamesWhatRecoveryStumblesOver(t *testing.T) {
	t.Parallel()
	files, err := parseListing([]byte(someListing))
	if err != nil {
		t.Fatal(err)
	}
	a := archiveOf(files, defaultSegment)
	var got []string
	for _, one := range a.segments[1] {
		got = append(got, fmt.Sprint(one.number, " ", one.at.Unix(), " ", one.wrong))
	}
	want := []string{"1 1796065746 ", "2 1796065749 it is stored empty", "3 1796065749 it is stored twice, with different content"}
	if !slices.Equal(got, want) || !slices.Equal(a.histories, []uint32{2}) {
		t.Errorf("%q %v\nwant %q", got, a.histories, want)
	}
}
