package availability

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/fact"
)

// ReadinessFinding says that a cluster could not fail over now; false when it could, or when it
// has nowhere to go by its declaration.
func ReadinessFinding(r Readiness) (evidence.Finding, bool) {
	f := evidence.Finding{
		Code: "not-ready", Severity: evidence.Warning, Subject: r.Cluster, Since: r.At, Command: "fournines readiness",
		Title: r.Cluster + " could not fail over now", Text: strings.Join(r.Reasons, "; "), Cause: r.Cause,
	}
	if r.Leader == "" {
		f.Severity, f.Title = evidence.Critical, r.Cluster+" has no leader"
	}
	return f, !r.Ready && !r.Alone
}

// blindAfter is how long an observer must fail to see before it is a finding: a server that
// starts or stops refuses for a moment.
const blindAfter = 10 * time.Second

// ClusterFindings says which observers of a cluster's primary would not notice its death,
// whether it can store what it is told, whether the cluster is configured as declared, and whether it fails over too often.
func ClusterFindings(v PostgresView, begun []time.Time, now time.Time) (out []evidence.Finding) {
	leader, _ := memberNamed(v.Cluster, v.Cluster.Lock.Leader)
	seeing, all := observers(v, leader.ID, now)
	watching := seeing + len(all)
	blind := slices.DeleteFunc(all, func(p fact.Probe) bool { return now.Sub(p.Since) < blindAfter || now.Sub(p.At) > freshMember })
	if len(blind) > 0 && v.Policy.AcceleratedFailover && !v.Cluster.Lock.Standby {
		out = append(out, evidence.Finding{
			Code: "observers-blind", Severity: evidence.Warning, Title: fmt.Sprintf("observers that do not see %s: %d of %d", leader.ID, len(blind), watching),
			Text:    fmt.Sprintf("%d see it, and %d must agree before a primary that hangs is failed over%s.", watching-len(blind), v.Detection.Observers, blindText(". ", blind)),
			Subject: v.Cluster.Cluster, Since: blind[0].Since, Command: "fournines readiness",
		})
	}
	if f, full := storeFinding(v, leader, now); full {
		out = append(out, f)
	}
	if since, why, closed := Closed(v.Probes, leader.ID, v.Detection.Observers, now); closed && !v.Cluster.Lock.Standby {
		out = append(out, evidence.Finding{
			Code: "postgres-closed", Severity: evidence.Critical, Title: leader.ID + " leads, and serves nobody who writes", Subject: v.Cluster.Cluster, Since: since, Command: "fournines status -o wide",
			Text: fmt.Sprintf("It lives, so that nobody takes its place. %s. Mend what it names; if it only ends slowly, patronictl restart it, or move the lead with fournines switchover %s.", why, v.Cluster.Cluster),
		})
	}
	if tooOften(begun) {
		out = append(out, evidence.Finding{
			Code: "failovers-bounded", Severity: evidence.Critical, Title: fmt.Sprintf("%s has failed over %d times within an hour", v.Cluster.Cluster, len(begun)),
			Text:    "The next failover waits for a person's approval. Find what takes its primaries down before you approve one.",
			Subject: v.Cluster.Cluster, Since: slices.MinFunc(begun, time.Time.Compare), Command: "fournines operations --kind " + KindFailover,
		})
	}
	return out
}

// backWithinKind is how long a component may take to be ready again before it is a finding that it
// does not come back: the time to copy and to recover, where it has data.
func backWithinKind(kind string) time.Duration {
	switch kind {
	case "postgres", "kafka", "mirror":
		return 10 * time.Minute
	}
	return 2 * time.Minute
}

// ComponentFinding says that a component is missing or degraded, or does not come back; false
// when it is none of them. One that is started again and again is now missing and now on its
// way: that it does not come back ends only when it has been ready for a while.
func ComponentFinding(c Component, now time.Time) (evidence.Finding, bool) {
	if !c.Down.IsZero() && c.Health != Suspended && now.Sub(c.Down) > backWithinKind(c.Kind) {
		return evidence.Finding{
			Code: c.Kind + "-not-back", Severity: evidence.Warning, Title: c.ID + " does not come back",
			Text:    fmt.Sprintf("It has not been ready for 10 s in a row since %s. Now it is %s: %s", c.Down.UTC().Format(time.RFC3339), c.Health, orUnknown(c.Detail)),
			Subject: c.ID, Since: c.Down, Command: "fournines status -o wide",
		}, true
	}
	if c.Health == Progressing && !c.Since.IsZero() && now.Sub(c.Since) > backWithinKind(c.Kind) {
		return evidence.Finding{
			Code: c.Kind + "-not-back", Severity: evidence.Warning, Title: c.ID + " gets no further",
			Text:    fmt.Sprintf("Its process is there, and it has been on its way since %s, longer than it may: %s", c.Since.UTC().Format(time.RFC3339), orUnknown(c.Detail)),
			Subject: c.ID, Since: c.Since, Command: "fournines status -o wide", Cause: c.Cause,
		}, true
	}
	return evidence.Finding{
		Code: c.Kind + "-" + string(c.Health), Severity: evidence.Warning, Title: c.ID + " is " + string(c.Health),
		Text: c.Detail, Subject: c.ID, Since: c.Since, Command: "fournines status -o wide", Cause: c.Cause,
	}, c.Health == Missing || c.Health == Degraded
}

// The reserve of file descriptors, as a share of the limit, and how long a lack of them is a
// finding after the last failure.
const (
	descriptorReserve = 0.1
	lackTold          = 5 * time.Minute
)

// DescriptorFinding says that a process lacks file descriptors or soon will; false when it has
// enough, or has not said so lately. seen is when it did.
func DescriptorFinding(subject string, d fact.Descriptors, seen, now time.Time) (evidence.Finding, bool) {
	lacked := !d.Lacked.IsZero() && now.Sub(d.Lacked) < lackTold
	scarce := d.Limit > 0 && float64(d.Open) >= (1-descriptorReserve)*float64(d.Limit)
	f := evidence.Finding{Code: "descriptors-short", Severity: evidence.Warning, Subject: subject, Since: seen, Command: "fournines status -o wide"}
	what := "It has nearly no file descriptor left"
	f.Title = subject + " will soon be short of file descriptors"
	if lacked {
		f.Title, f.Since = subject+" is short of file descriptors", d.Lacked
		what = fmt.Sprintf("It lacked a file descriptor %d times since it began, the last time at %s", d.Failures, d.Lacked.UTC().Format(time.TimeOnly))
	}
	f.Text = fmt.Sprintf("%s: %d of at most %d are open. Without them it takes no connections and opens none, and what it does not see is unknown. Raise LimitNOFILE of its unit, or ulimit -n where it is started, and start it again; see who holds them with `ss -tnp`.",
		what, d.Open, d.Limit)
	return f, (lacked || scarce) && now.Sub(seen) < lackTold
}

// SwitchFinding says that a region's routing switch is off; false while it is on.
func SwitchFinding(w RegionWish) (evidence.Finding, bool) {
	f := evidence.Finding{
		Code: "route-off", Stands: true, Severity: evidence.Warning, Title: "The routing switch of " + w.Region + " is off", Subject: w.Region, Since: w.Switched.At,
		Text:    "No resolver is sent there: " + w.WhyOff() + ". Customers whom it serves come through the edges of other regions, and nobody can be moved there.",
		Command: "fournines route set " + w.Region + " on --reason REASON",
	}
	if !w.Switched.At.IsZero() {
		f.Entries = []uint64{w.Switched.Index}
	}
	return f, w.Off
}

// LossFindings says what mirrors lost.
func LossFindings(all []Loss) (out []evidence.Finding) {
	for _, l := range all {
		out = append(out, evidence.Finding{
			Code: "mirror-lost", Event: true, Severity: evidence.Critical, Title: fmt.Sprintf("Kafka's mirror lost records from %s to %s", l.From, l.To),
			Text: fmt.Sprintf("%d numbered records that %s acknowledged did not come out at %s although later ones did, and so may others have been lost: compare the topics before you rely on the copies.",
				len(l.Numbers), l.From, l.To),
			Subject: l.From + "/kafka", Since: l.At, Command: fmt.Sprintf("fournines journal show %d", l.Index), Entries: []uint64{l.Index},
		})
	}
	return out
}

// TopicFindings says which topics of one direction are not copied, and what was lost of topics. blind: the server has not looked for long enough to say the first.
func TopicFindings(w MirrorWay, losses []TopicLoss, blind bool, now time.Time) (out []evidence.Finding) {
	subject, command := w.From+"/kafka", "fournines kafka mirrors"
	for _, s := range w.Aside {
		out = append(out, evidence.Finding{
			Code: "topic-aside", Stands: true, Severity: evidence.Critical, Title: fmt.Sprintf("Topic %s is not copied from %s to %s", s.Topic, s.From, s.To),
			Text: fmt.Sprintf("It stopped the mirror again and again, and is set aside so that all others are copied. The first record that the copy lacks is offset %d of partition %d: %s. "+
				"Mend the cause and copy it with `fournines kafka resume %s %s --reason REASON`; or go on without that record with --skip %d:%d, which is recorded.", s.Offset, s.Partition, orUnknown(s.Why), s.From, s.Topic, s.Partition, s.Offset),
			Subject: subject, Since: s.At, Command: command, Entries: []uint64{s.Index},
		})
	}
	w.Topics = slices.DeleteFunc(slices.Clone(w.Topics), func(t fact.MirroredTopic) bool {
		return slices.ContainsFunc(w.Aside, func(s SetAside) bool { return s.Topic == t.Name })
	})
	if why := TopicTrouble(w.KafkaMirror, now); why != "" && !blind && w.Apart == "" {
		f := evidence.Finding{
			Code: "topics-behind", Severity: evidence.Warning, Title: fmt.Sprintf("%s has not all records of %s", w.To, w.From),
			Text: why + ". If the region were lost now, they would be missing until it is back.", Subject: subject, Since: w.Covered(), Command: command,
		}
		if w.Failed != "" {
			f.Text += " The mirror says: " + w.Failed + ". It is restarted, and then the topic that stops it is set aside."
		}
		out = append(out, f)
	}
	for _, l := range losses {
		if l.From != w.From || l.To != w.To {
			continue
		}
		f := evidence.Finding{
			Code: "records-gone", Event: true, Severity: evidence.Critical, Title: fmt.Sprintf("Records of %s were lost on their way from %s to %s", l.Topic, l.From, l.To), Text: l.text(),
			Subject: subject, Since: l.At, Command: fmt.Sprintf("fournines journal show %d", l.Index), Entries: []uint64{l.Index},
		}
		if l.Renewed && l.Lacked == 0 {
			f.Code, f.Severity, f.Title = "topic-renewed", evidence.Notice, fmt.Sprintf("Topic %s of %s is copied to %s from its beginning", l.Topic, l.From, l.To)
		}
		out = append(out, f)
	}
	return out
}

// ObjectFindings says whether the copies of a region's objects are behind or broken, and what
// was lost. blind: the server has not looked for long enough to say the first.
func ObjectFindings(m fact.ObjectMirror, l ObjectLosses, blind bool, now time.Time) (out []evidence.Finding) {
	if why := ObjectTrouble(m, now); why != "" && !blind {
		out = append(out, evidence.Finding{
			Code: "objects-behind", Severity: evidence.Warning, Title: fmt.Sprintf("%s has not all objects of %s", m.To, m.From), Text: why,
			Subject: m.From + "/objects", Since: m.At, Command: "fournines objects mirrors",
		})
	}
	if m.StuckCount > 0 {
		out = append(out, evidence.Finding{
			Code: "objects-stuck", Stands: true, Severity: evidence.Warning, Title: fmt.Sprintf("%d objects of %s cannot be copied to %s", m.StuckCount, m.From, m.To),
			Text:    StuckText(m, now) + fmt.Sprintf(". They are tried again; everything else is copied. Mend the cause, or put or delete the object anew. A graceful evacuation is refused while they are missing, unless you go on without them by name (--leave-object KEY): they stay in %s.", m.From),
			Subject: m.To + "/objects", Since: oldestStuck(m), Command: "fournines objects stuck",
		})
	}
	if m.Drift > 0 {
		out = append(out, evidence.Finding{
			Code: "objects-drift", Stands: true, Severity: evidence.Warning, Title: fmt.Sprintf("%d versions of %s were missing in %s without anybody having named them", m.Drift, m.From, m.To),
			Text:    "Comparing everything found and copied them; the stores' change feeds had not told of them since. Somebody has changed a store's directory past it, or a feed has failed.",
			Subject: m.To + "/objects", Since: m.Scrubbed, Command: "fournines objects mirrors",
		})
	}
	if l.Count > 0 {
		out = append(out, evidence.Finding{
			Code: "object-lost", Event: true, Severity: evidence.Critical, Title: fmt.Sprintf("%d writes of %s to objects were overruled by %s", l.Count, l.Newest.From, l.Newest.To),
			Text: fmt.Sprintf("%s did not have them when it took newer ones for the same keys. They stay as older versions in %s; the newest is version %s of %s.",
				l.Newest.To, l.Newest.From, l.Newest.Version, l.Newest.Key),
			Subject: l.Newest.From + "/objects", Since: l.Time, Command: fmt.Sprintf("fournines journal show %d", l.Index), Entries: []uint64{l.Index},
		})
	}
	return out
}

func oldestStuck(m fact.ObjectMirror) time.Time {
	if len(m.Stuck) == 0 {
		return m.At
	}
	return m.Stuck[0].Since
}
