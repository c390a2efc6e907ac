package witness

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal/durable"
	"github.com/greenlang/fournines/internal/journal/durable/crashdisk"
)

// The witness dies at each step that its store takes, in each way. After the restart it
// still knows every size it has cosigned, with its old key, and goes on.
func TestCosignedIsNeverForgotten(t *testing.T) {
	t.Parallel()
	l, forked := newLog(t, "example.com/log"), newLog(t, "example.com/log")
	l.grow(20, "a")
	forked.grow(20, "b")
	clock := newClock()
	known := logs(t, l, forked)
	steps := 0
	for _, loss := range crashdisk.Losses() {
		for at := 1; ; at++ {
			d := crashdisk.New()
			d.CrashAt(at)
			vkey, cosigned := live(l, forked, d, clock, known)
			d2 := d.Restart(loss)
			if !d.Crashed() {
				if steps = max(steps, at); cosigned != 16 {
					t.Fatalf("without a crash %d was cosigned", cosigned)
				}
				break
			}
			w, err := New(Options{Dir: "w", Name: "w", Logs: known, Now: clock.now, Files: d2})
			if err != nil {
				t.Fatalf("%v at step %d: %v", loss, at, err)
			}
			if vkey != "" && w.Cosigner().String() != vkey {
				t.Fatalf("%v at step %d: another key", loss, at)
			}
			has, _, _ := w.Known(l.origin)
			if has.Size < cosigned {
				t.Fatalf("%v at step %d: cosigned %d, remembers %d", loss, at, cosigned, has.Size)
			}
			if a := w.add(l.request(t, has.Size, 18)); a.status != 200 {
				t.Fatalf("%v at step %d: does not go on from %d: %s", loss, at, has.Size, a.body)
			}
			if a := w.add(forked.request(t, 18, 18)); a.status != 409 || len(w.Findings()) == 0 {
				t.Fatalf("%v at step %d: cosigned or did not find a fork: %d", loss, at, a.status)
			}
		}
	}
	if steps < 25 {
		t.Fatalf("only %d steps were tried: the witness does not write through the layer", steps)
	}
}

// live runs a witness until the disk crashes and returns the largest size it has cosigned.
func live(l, forked *testLog, d durable.Files, clock *clock, known Logs) (vkey string, cosigned uint64) {
	w, err := New(Options{Dir: "w", Name: "w", Logs: known, Now: clock.now, Files: d})
	if err != nil {
		return "", 0
	}
	vkey = w.Cosigner().String()
	for old, size := uint64(0), uint64(4); size <= 16; old, size = size, size+4 {
		r := Request{Old: old, Checkpoint: l.at(size)}
		if old > 0 {
			r.Proof, _ = l.tree.ConsistencyProof(old, size)
		}
		if a := w.add(r.Body()); a.status != 200 {
			return vkey, cosigned
		}
		cosigned = size
		w.add(Request{Old: size, Checkpoint: forked.at(size)}.Body()) // evidence is written too
	}
	return vkey, cosigned
}

// Evidence that was alarmed about is there after any crash, and evidence is never half.
func TestEvidenceSurvives(t *testing.T) {
	t.Parallel()
	l, forked := newLog(t, "example.com/log"), newLog(t, "example.com/log")
	l.grow(9, "a")
	forked.grow(9, "b")
	known, clock := logs(t, l, forked), newClock()
	for _, loss := range crashdisk.Losses() {
		for at := 1; ; at++ {
			d := crashdisk.New()
			s := newStation(t, "w", d, clock, known)
			if a := s.add(l.request(t, 0, 9)); a.status != 200 {
				t.Fatal(a.body)
			}
			d.CrashAt(at)
			s.add(forked.request(t, 0, 9))
			if n := len(s.findings.list()); n != 1 {
				t.Fatalf("%d alarms", n)
			}
			if crashed := d.Crashed(); crashed != (len(s.failures.list()) == 1) {
				t.Fatalf("at step %d: crashed %v, failures %v", at, crashed, s.failures.list())
			}
			again := newStation(t, "w", d.Restart(loss), clock, known)
			if !d.Crashed() {
				f := again.findings.list()
				if len(f) != 1 || f[0].Kind != Fork || f[0].Verify(known) != nil {
					t.Fatalf("after %v: %v", loss, f)
				}
				break
			}
			if a := again.add(forked.request(t, 0, 9)); a.status != 409 || len(again.Findings()) != 1 {
				t.Fatalf("%v at step %d: not found again", loss, at)
			}
		}
	}
}

func TestDamageIsRefused(t *testing.T) {
	t.Parallel()
	l, other := newLog(t, "example.com/log"), newLog(t, "example.com/other")
	l.grow(9, "a")
	other.grow(9, "a")
	clock, known := newClock(), logs(t, l, other)
	d := crashdisk.New()
	s := newStation(t, "w", d, clock, known)
	s.add(l.request(t, 0, 9))
	s.add(other.request(t, 0, 9))
	path := recordPath("w", l.origin)
	whole, err := d.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	others, _ := d.Read(recordPath("w", other.origin))
	open := func(d durable.Files, known Logs) error {
		_, err := New(Options{Dir: "w", Name: "witness.example/w", Logs: known, Now: clock.now, Files: d})
		return err
	}
	for name, damage := range map[string]string{
		"empty": "", "cut": string(whole[:len(whole)/2]), "another size": strings.Replace(string(whole), `\n9\n`, `\n8\n`, 1),
		"no time": `{"checkpoint":"x"}`, "another log's": string(others),
	} {
		d2 := d.Clone()
		if err := d2.Write(path, []byte(damage)); err != nil {
			t.Fatal(err)
		}
		if err := open(d2, known); err == nil || !strings.Contains(err.Error(), l.origin) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d2 := d.Clone()
	if err := d2.Remove("w/" + keyFile); err != nil {
		t.Fatal(err)
	}
	if err := open(d2, known); err == nil || !strings.Contains(err.Error(), "restore the key") {
		t.Errorf("a lost key was replaced: %v", err)
	}
	if err := open(d.Clone(), logs(t, other)); err != nil {
		t.Errorf("a log that is no longer listed stops the witness: %v", err)
	}
}

func TestDiskFailureIsNoCosignature(t *testing.T) {
	t.Parallel()
	l := newLog(t, "example.com/log")
	l.grow(9, "a")
	d := crashdisk.New()
	s := newStation(t, "w", d, newClock(), logs(t, l))
	d.CrashAt(1)
	a := s.add(l.request(t, 0, 9))
	failures := s.failures.list()
	if a.status != 500 || strings.Contains(a.body, "—") || len(failures) != 1 || !errors.Is(failures[0], crashdisk.ErrCrashed) {
		t.Fatalf("%d %q, failures %v", a.status, a.body, failures)
	}
}

// Whoever sends ever other evidence of one kind fills neither the disk nor the pager.
func TestEvidenceIsBounded(t *testing.T) {
	t.Parallel()
	l := newLog(t, "example.com/log")
	l.grow(50, "a")
	clock := newClock()
	s := newStation(t, "w", crashdisk.New(), clock, logs(t, l))
	if a := s.add(l.request(t, 0, 50)); a.status != 200 {
		t.Fatal(a.body)
	}
	clock.forward(Grace + time.Second)
	for range 2 {
		for size := uint64(1); size < 50; size++ {
			if a := s.add(l.request(t, 0, size)); a.status != 409 {
				t.Fatal(a.body)
			}
		}
	}
	if n := len(s.findings.list()); n != maxEvidence || len(s.Findings()) != maxEvidence {
		t.Fatalf("%d alarms, %d kept", n, len(s.Findings()))
	}
}
