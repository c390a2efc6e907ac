package availability

import (
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/fact"
)

// freshWAL is how old what is known of a leader's write-ahead log may be to count.
const freshWAL = 15 * time.Second

// follows tells whether a member that runs has a way to get further.
func follows(state string) bool {
	return state == "streaming" || state == "running" || state == "in archive recovery"
}

// position is the newest write that a member has. What it received it forgets when it is
// restarted, and what it replayed it does not.
func position(m fact.PostgresMember) int64 { return max(m.Received, m.Replayed) }

// standsStill is how long a member's position must not change before it counts as stuck: one
// that was restarted replays what it has, and lacks nothing.
const standsStill = 5 * time.Second

func stuck(m fact.PostgresMember, now time.Time) bool { return now.Sub(m.Moved) >= standsStill }

// outruns tells whether a member needs WAL that whom it follows has no more. oldest is the
// oldest position of that one, 0: unknown. Such a member says that it streams each time that it
// is let in, a moment before it is told that what it needs is gone.
func outruns(oldest int64, m fact.PostgresMember) bool {
	have := position(m)
	return follows(m.State) && have > 0 && have < oldest
}

// streams tells whether a member streams and is not outrun.
func streams(oldest int64, m fact.PostgresMember) bool {
	return m.State == "streaming" && m.Error == "" && !outruns(oldest, m)
}

// Outrun says why a standby cluster can follow its partner region's no more from what it has, so
// that it must be copied anew; empty when it can, or when nobody knows. It is pure.
func Outrun(source, target fact.Postgres, now time.Time) string {
	wal := source.WAL
	if !target.Lock.Standby || source.Lock.Standby || now.Sub(wal.At) > freshWAL {
		return ""
	}
	m, leads := memberNamed(target, target.Lock.Leader)
	if !leads { // one that cannot start does not lead
		i := slices.IndexFunc(target.Members, func(m fact.PostgresMember) bool { return !m.Broken.IsZero() })
		if target.Lock.Leader != "" || i < 0 || slices.ContainsFunc(target.Members, func(m fact.PostgresMember) bool { return follows(m.State) }) {
			return ""
		}
		m = target.Members[i]
	}
	switch have := position(m); {
	case now.Sub(m.Seen) > freshMember:
		return ""
	case !m.Broken.IsZero() && now.Sub(m.Broken) >= recloneAfter:
		return fmt.Sprintf("%s cannot start from what it has: it is %s", m.ID, m.State)
	case outruns(wal.Oldest, m) && stuck(m, now):
		return fmt.Sprintf("%s needs write-ahead log that is older than %d MiB, and %s has none of that any more", m.ID, wal.Oldest>>20, wal.Member)
	case wal.Oldest == 0 && wal.Partner.Status == "lost" && have > 0:
		return fmt.Sprintf("%s has removed write-ahead log that %s needs", wal.Member, m.ID)
	}
	return ""
}

// keepsUp tells whether a standby cluster's leader is known to follow its partner.
func keepsUp(source fact.Postgres, leader fact.PostgresMember, now time.Time) bool {
	return streams(source.WAL.Oldest, leader) && now.Sub(leader.Seen) <= freshMember && now.Sub(source.WAL.At) <= freshWAL
}

// OutrunSince says since when a standby cluster is outrun, from what was known before. What is
// unknown now changes nothing.
func OutrunSince(before time.Time, source, target fact.Postgres, now time.Time) time.Time {
	leader, leads := memberNamed(target, target.Lock.Leader)
	switch {
	case Outrun(source, target, now) != "":
		if before.IsZero() {
			return now
		}
	case !target.Lock.Standby, leads && keepsUp(source, leader, now):
		return time.Time{}
	}
	return before
}

// CodeOutrun is the code of the finding that a region's copy must be made anew.
const CodeOutrun = "partner-outrun"

// PartnerFinding says that a home's copy must be made anew, or soon will have to be; false when
// neither. It ends when the copy follows again.
func PartnerFinding(v MoveView, now time.Time) (evidence.Finding, bool) {
	wal := v.Source.WAL
	if !wal.Outrun.IsZero() {
		why := mustCopy(v, now)
		if why == "" {
			why = "it needed write-ahead log that its partner has no more, and nobody knows whether it follows"
		}
		f := evidence.Finding{
			Code: CodeOutrun, Severity: evidence.Warning, Subject: postgresOf(v.To), Since: wal.Outrun,
			Title: fmt.Sprintf("%s must be copied anew from %s", postgresOf(v.To), v.From), Command: "fournines operations --kind " + KindRecopy,
			Text: why + ". Until it follows again, customers could be moved there only with loss. ",
		}
		tries, next := copiesOf(v.Last, KindRecopy, HomeSubject(v.Home), now)
		switch {
		case slices.ContainsFunc(v.Last, func(o control.Operation) bool { return o.Kind == KindRecopy && !o.Finished() }):
			f.Text += "fournines copies it now; nothing is to be done."
		case !next.IsZero():
			f.Severity = evidence.Critical
			f.Text += fmt.Sprintf("fournines has tried %d times within an hour and tries again at %s: see why that failed, and whether the link and %s carry a copy of all data.", tries, next.UTC().Format(time.TimeOnly), postgresOf(v.From))
		default:
			f.Text += fmt.Sprintf("fournines copies it as soon as %s serves and the link carries; nothing else is to be done.", v.From)
		}
		return f, true
	}
	slot := wal.Partner
	if slot.Strained.IsZero() || v.Source.Lock.Standby {
		return evidence.Finding{}, false
	}
	text := fmt.Sprintf("The slot of %s that keeps write-ahead log for it is %s", wal.Member, slot.Status)
	if !slot.Active {
		text += ", and nobody streams through it"
	}
	if slot.Safe >= 0 {
		text += fmt.Sprintf(". %d MiB more may be written", slot.Safe>>20)
		if wal.Rate > 0 {
			text += fmt.Sprintf(", which is %v at the rate of late", time.Duration(float64(slot.Safe)/wal.Rate*float64(time.Second)).Round(time.Second))
		}
	}
	return evidence.Finding{
		Code: "partner-behind", Severity: evidence.Warning, Subject: postgresOf(v.To), Since: slot.Strained, Command: "fournines regions",
		Title: fmt.Sprintf("%s will soon not keep what %s needs to follow", postgresOf(v.From), postgresOf(v.To)),
		Text:  fmt.Sprintf("%s. Then it must be copied anew, which fournines does. Let the regions reach each other, or bring %s up.", text, v.To),
	}, true
}

// slotSoon is how long before its end a slot is told of, at the rate of writing of late.
const slotSoon = time.Hour

// StrainedSince says since when a slot will soon not keep what its reader needs.
func StrainedSince(before time.Time, wal fact.PostgresWAL, now time.Time) time.Time {
	slot := wal.Partner
	soon := !slot.Active && slot.Safe >= 0 && wal.Rate > 0 && float64(slot.Safe)/wal.Rate < slotSoon.Seconds()
	switch {
	case !slot.Exists || !soon && slot.Status != "extended" && slot.Status != "unreserved" && slot.Status != "lost":
		return time.Time{}
	case before.IsZero():
		return now
	}
	return before
}
