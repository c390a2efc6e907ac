package availability

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/fact"
)

// fullFor is how long a primary must be unable to store anything before it is failed over: a
// query that fills the disk fails by that, and gives back what it took.
const fullFor = 5 * time.Second

// FreshDisk is how old the look at a disk may be to count: one that hangs answers nobody.
const FreshDisk = 30 * time.Second

// full tells whether a disk has so little left that what keeps data there is about to fail, or
// fails: 2 % of it, and no more than 256 MiB.
func full(d fact.Disk) bool {
	return d.Free < min(d.Size/50, 256<<20) || d.Files > 0 && d.FilesFree < min(d.Files/50, 1000)
}

// scarce tells whether a disk has little left: 10 % of it, and no more than 5 GiB.
func scarce(d fact.Disk) bool {
	return d.Free < min(d.Size/10, 5<<30) || d.Files > 0 && d.FilesFree < min(d.Files/10, 20_000)
}

// room words what is left of a disk.
func room(d fact.Disk) string {
	out := fmt.Sprintf("%s of %s free", humanize.IBytes(uint64(max(d.Free, 0))), humanize.IBytes(uint64(max(d.Size, 0)))) //nolint:gosec // not negative
	if d.Files > 0 && d.FilesFree < d.Files/10 {
		out += fmt.Sprintf(", room for %d more files of %d", d.FilesFree, d.Files)
	}
	return out
}

// takers returns the candidates that may take over from a primary. Where it is its full disk
// that ends its time, they are known to have room themselves.
func takers(v PostgresView, fullDisk bool, now time.Time) []fact.PostgresMember {
	out := candidates(v, now)
	if !fullDisk {
		return out
	}
	return slices.DeleteFunc(out, func(m fact.PostgresMember) bool {
		d, known := v.Disks[m.ID]
		return !known || scarce(d)
	})
}

// successors returns the members that may take over from a leader without loss, as [takers], and
// why nobody would: where a member is silent that the quorum counts, the others must be enough
// for Patroni, because each needs the word of so many that they are not ahead of it.
func successors(v PostgresView, fullDisk bool, now time.Time) ([]fact.PostgresMember, error) {
	can := takers(v, fullDisk, now)
	if len(can) == 0 {
		return nil, fmt.Errorf("no member could take over without loss: %v", moveReadiness(v, now).Reasons)
	}
	return can, quorate(v, now)
}

// quorate says why the members that answer are too few for Patroni to promote one; nil when they are not.
func quorate(v PostgresView, now time.Time) error {
	votes, silent := voters(v, now)
	if lock := v.Cluster.Lock; len(silent) > 0 && votes <= lock.Quorum {
		return fmt.Errorf("only %d of %v answer, and Patroni asks for %d: nobody would take the lead", votes, lock.Sync, lock.Quorum+1)
	}
	return nil
}

// voters counts the synchronous members beside the leader that answer, and names the others. One whose disk is
// full has its vote.
func voters(v PostgresView, now time.Time) (votes int, silent []string) {
	v.Disks = nil
	can := candidates(v, now)
	for _, name := range v.Cluster.Lock.Sync {
		switch {
		case slices.ContainsFunc(can, func(m fact.PostgresMember) bool { return m.Name == name }):
			votes++
		case name != v.Cluster.Lock.Leader:
			silent = append(silent, name)
		}
	}
	return votes, silent
}

// storingNothing returns the observers that a server has told, for so long at least, that it
// can store nothing, and what it told them.
func storingNothing(probes []fact.Probe, target string, least time.Duration, now time.Time) (observers []string, told string) {
	for _, p := range probes {
		if p.Target == target && p.Outcome == fact.Full && now.Sub(p.Since) >= least && now.Sub(p.At) <= freshProbe {
			observers = append(observers, p.Observer)
			told = p.Error
		}
	}
	slices.Sort(observers)
	return slices.Compact(observers), told
}

// Stores corrects what is known of a component by its disk, and by what it told observers when
// they wanted it to store something.
func (c *Component) Stores(d fact.Disk, probes []fact.Probe, now time.Time) {
	if now.Sub(d.At) <= FreshDisk {
		c.Disk = d
	}
	if c.Health != Healthy && c.Health != Progressing {
		return
	}
	if _, told := storingNothing(probes, c.ID, 0, now); told != "" {
		c.Health, c.Detail = Degraded, "it can store nothing: "+told
	} else if !c.Disk.At.IsZero() && full(d) {
		c.Health, c.Detail = Degraded, "its disk is full: "+room(d)
	}
}

// storeFinding says that a cluster's primary can store nothing; false while it can.
func storeFinding(v PostgresView, leader fact.PostgresMember, now time.Time) (evidence.Finding, bool) {
	observers, told := storingNothing(v.Probes, leader.ID, 0, now)
	f := evidence.Finding{
		Code: "postgres-full", Severity: evidence.Critical, Title: leader.ID + " can store nothing", Subject: v.Cluster.Cluster, Since: now, Command: "fournines status -o wide",
	}
	if len(observers) == 0 {
		return f, false
	}
	for _, p := range v.Probes {
		if p.Target == leader.ID && p.Outcome == fact.Full && p.Since.Before(f.Since) {
			f.Since = p.Since
		}
	}
	f.Text = fmt.Sprintf("It told %s: %s. ", strings.Join(observers, ", "), told)
	if d, known := v.Disks[leader.ID]; known {
		f.Text += "Its disk has " + room(d) + ". "
	}
	takers, err := successors(v, true, now)
	switch {
	case err != nil:
		f.Text += "No member that may take over has room, so it stays the primary: make room on its disk now, or give it a larger one."
	case !v.Policy.AcceleratedFailover:
		f.Text += fmt.Sprintf("%s has room: run fournines switchover %s, then make room.", takers[0].ID, v.Cluster.Cluster)
	default:
		f.Text += fmt.Sprintf("It is failed over to a member with room, such as %s, once %d observers have been told so for %s. Make room on its disk before it comes back.", takers[0].ID, v.Detection.Observers, fullFor)
	}
	return f, true
}
