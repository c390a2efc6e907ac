//go:build prove

package prove

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/platformtest"
)

// TestNoFalseFailover makes noise for a long time under load, one kind after the other
// (row 7.1.11). Nothing of it may move the leader. A stall of the primary itself is the
// exception: 3 s are longer than our detection, it is failed over by design, and it is
// counted apart.
func TestNoFalseFailover(t *testing.T) {
	minutes, k := number(t, "PROVE_MINUTES", 30), keep(t, "no-false-failover")
	r := start(t, ours)
	lock, end, all := r.lock(), time.Now().Add(time.Duration(minutes)*time.Minute), []noise{}
	for _, n := range noises(r.zones()) {
		if chosen(t, "PROVE_KINDS", n.name) {
			all = append(all, n)
		}
	}
	if len(all) == 0 {
		t.Fatal("PROVE_KINDS takes no kind of noise")
	}
	for round := 1; time.Now().Before(end); round++ {
		for _, n := range all {
			if !time.Now().Before(end) {
				break
			}
			r.Healthy()
			run := Run{Who: ours, Kind: n.name, N: round, At: time.Now().UTC()}
			if err := r.disturb(t.Context(), n, lock, &run); err != nil {
				run.Error = err.Error()
			}
			k.add(run)
			if run.Violations+run.Lost+run.Doubled > 0 || run.Error != "" || (run.Failovers > 0 && !n.design) {
				t.Errorf("%s, round %d: %d failovers, %d violations, %d writes lost or doubled %s %s", n.name, round, run.Failovers, run.Violations, run.Lost+run.Doubled, run.Note, run.Error)
			}
		}
	}
}

// settle is how long after a noise a failover that it caused may still begin.
const settle = 5 * time.Second

func (r *region) disturb(ctx context.Context, n noise, lock patroni.Lock, run *Run) error {
	c, err := r.arrive(ctx)
	if err != nil {
		return err
	}
	defer c.leave()
	before, err := r.stands(ctx, lock)
	if err != nil {
		return err
	}
	at := time.Now()
	if err := n.make(ctx, r); err != nil {
		return err
	}
	if err := until(ctx, time.Now().Add(settle)); err != nil {
		return err
	}
	if err := r.whole(ctx); err != nil {
		return err
	}
	run.Whole = time.Since(at).Seconds()
	if err := c.served(ctx, steady/2, time.Now()); err != nil {
		return err
	}
	after, err := r.stands(ctx, lock)
	if err != nil {
		return err
	}
	if after != before && !n.design {
		run.Violations++
		run.Note += fmt.Sprintf(" %s before, %s after;", before, after)
	}
	c.leave()
	return r.account(ctx, c, run, at)
}

// stands says who leads on which timeline, in words that can be compared.
func (r *region) stands(ctx context.Context, lock patroni.Lock) (string, error) {
	l, err := r.standing(ctx, lock)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	timeline, err := await(ctx, func() (int, error) { return r.timeline(ctx) })
	return fmt.Sprintf("%s on timeline %d", l.Leader, timeline), err
}

// timeline returns the newest timeline of the member that says it is the primary.
func (r *region) timeline(ctx context.Context) (int, error) {
	for _, z := range r.zones() {
		rest := patroni.REST{Base: "http://" + net.JoinHostPort(r.layout.IP(platformtest.Region, z), strconv.Itoa(patroni.RESTPort)), Client: http.DefaultClient}
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		m := rest.Member(short, z, z, time.Now)
		cancel()
		if m.Role == "primary" && m.Timeline > 0 {
			return m.Timeline, nil
		}
	}
	return 0, errors.New("no member says that it is the primary")
}
