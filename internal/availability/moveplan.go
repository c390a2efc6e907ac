package availability

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// The modes of a move between regions.
const (
	Graceful   = "graceful"   // the old region answers: nothing is lost
	Ungraceful = "ungraceful" // it does not: what had not been copied is lost
)

// MoveView is the input of a plan to move a home.
type MoveView struct {
	Home, From, To string // From serves now
	Targets        spec.Targets
	Runs           bool // To runs here
	Source, Target fact.Postgres
	Objects        *fact.ObjectMirror // from From to To; nil: objects are not replicated here
	Mirror         *fact.KafkaMirror  // of Kafka's topics, from From to To; nil: they are not mirrored here
	Fenced         RegionWish         // of From
	Waits          RegionWish         // of To
	There, Back    fact.Link          // the ways From → To and To → From
	Nodes, Zones   int                // of To that report, and that there are
	Busy           string             // an operation that works on the home
	Leading        string             // an operation that moves the lead of one of the databases, in words
	Last           []control.Operation
	Without        []string // keys of objects that a person goes on without
}

// MovePlan says what a move would do now, how long it would take, and what it would cost.
type MovePlan struct {
	Home       string             `json:"home"`
	From       string             `json:"from"`
	To         string             `json:"to"`
	Mode       string             `json:"mode"` // that is possible now
	Ready      bool               `json:"ready"`
	Reasons    []string           `json:"reasons"`                       // why not, in the order in which to act
	Steps      []string           `json:"steps"`                         // in order
	LagBytes   int64              `json:"lag_bytes"`                     // that To has not received; -1: unknown
	LagSeconds float64            `json:"lag_seconds"`                   // age of the newest write that To has; -1: unknown
	Objects    int64              `json:"objects_behind"`                // versions of objects that To lacks; -1: unknown, or they are not replicated
	ObjectsLag float64            `json:"objects_lag_seconds"`           // everything older is there; -1 likewise
	Stuck      []fact.ObjectStuck `json:"objects_stuck,omitempty"`       // objects that cannot be copied to To, at most [fact.ObjectsNamed]
	StuckCount int64              `json:"objects_stuck_count,omitempty"` // of all of them
	Records    int64              `json:"records_behind"`                // of Kafka's topics that To lacks; -1: unknown, or they are not mirrored
	RecordsLag float64            `json:"records_lag_seconds"`           // everything older is there; -1 likewise
	Estimate   float64            `json:"estimate,omitempty"`            // seconds: median of the moves of this mode; 0: none yet
	Measured   int                `json:"measured,omitempty"`            // moves that the estimate rests on
	LossBound  float64            `json:"loss_bound"`                    // seconds of acknowledged writes that could be lost; -1: unknown
	Position   int64              `json:"position,omitempty"`            // newest known WAL position of the old region, bytes
	Seen       time.Time          `json:"seen,omitzero"`                 // when its primary last answered
	NoReturn   string             `json:"no_return"`                     // step from which on it can only go forward
	LastMoved  time.Time          `json:"last_moved,omitzero"`           // newest move that succeeded
	LastReason string             `json:"last_reason,omitempty"`
	At         time.Time          `json:"at"`
}

// WhyNot says why the move is not possible now; empty when it is.
func (p MovePlan) WhyNot() string { return strings.Join(p.Reasons, "; ") }

// How far behind a region may be to be moved into.
const (
	gracefulLag = 8 << 20 // bytes that a graceful move waits for
	freshSource = 2500 * time.Millisecond
	unknown     = -1
)

// PlanMove plans the move of a home for a mode; empty chooses graceful where it is possible. It is pure.
func PlanMove(v MoveView, mode string, now time.Time) MovePlan {
	p := MovePlan{Home: v.Home, From: v.From, To: v.To, Mode: mode, Reasons: []string{}, LagBytes: unknown, LagSeconds: unknown, LossBound: unknown, Objects: unknown, ObjectsLag: unknown, Records: unknown, RecordsLag: unknown, NoReturn: "promote", At: now}
	add := func(format string, args ...any) { p.Reasons = append(p.Reasons, fmt.Sprintf(format, args...)) }
	source, sourceLeads := memberNamed(v.Source, v.Source.Lock.Leader)
	alive := sourceLeads && source.Role == "primary" && now.Sub(source.Seen) <= freshSource && v.Fenced.Fenced == ""
	if p.Mode == "" {
		if p.Mode = Ungraceful; alive {
			p.Mode = Graceful
		}
	}
	if p.Position = received(v.Source.Members); source.Role == "primary" {
		p.Seen = source.Seen
	}
	target, targetLeads := memberNamed(v.Target, v.Target.Lock.Leader)
	led := targetLeads && target.Role == "primary" && !v.Target.Lock.Standby // an earlier move came this far
	switch {
	case v.Busy != "":
		add("operation %s works on %s", v.Busy, v.Home)
	case v.Leading != "":
		add("%s", v.Leading)
	case !v.Runs:
		add("%s does not run here: bring it up with `fournines up --regions`", v.To)
	case v.Waits.Fenced != "":
		add("%s is fenced since %s (%s): restore it first with `fournines restore`", v.To, v.Waits.Since.UTC().Format(time.RFC3339), v.Waits.Reason)
	case !targetLeads || now.Sub(target.Seen) > freshMember:
		add("%s/postgres has no leader that answers%s", v.To, since(target.Seen, now))
	case led: // its data is ahead by definition
		p.LagBytes, p.LagSeconds, p.LossBound = 0, 0, 0
	default:
		p.lag(v, source, target, alive, now, add)
	}
	apart := LinkTrouble(v.There, v.Back, now)
	if apart != "" && p.Mode == Graceful && !led {
		add("%s: nothing can be handed over until the link carries both ways again", apart)
	}
	p.objects(v, source, now, add)
	p.topics(v, source, now, add)
	if p.Mode == Graceful && !led {
		for _, m := range v.Target.Members {
			if now.Sub(m.Seen) > freshMember || (m.State != "streaming" && m.State != "running" && m.State != "in archive recovery") {
				add("%s is %s: a zone of %s could not take over from another yet", m.ID, orUnknown(m.State), v.To)
			}
		}
	}
	p.switchedOff(v)
	if v.Nodes < v.Zones { // a region that is short of a zone has no capacity to spare
		add("%d of %d zones of %s report: it could not take the load", v.Nodes, v.Zones, v.To)
	}
	if p.Mode == Graceful && !alive && !led && !v.Source.Lock.Standby {
		add("%s/postgres has no primary that answers, so nothing can be handed over: use --ungraceful", v.From)
	}
	p.Steps = steps(v.To == v.Home)
	p.estimate(v.Last)
	p.Ready = len(p.Reasons) == 0
	return p
}

// PlanRestore plans to bring a home's customers home. It asks less than PlanMove, because
// its first steps make the region follow and catch up. It is pure.
func PlanRestore(v MoveView, now time.Time) MovePlan {
	p := PlanMove(v, Graceful, now)
	p.Reasons = []string{} // nothing is lost by it, but whether there is anything to bring home is known only once it follows
	p.switchedOff(v)
	if p.LagBytes > gracefulLag {
		p.LossBound = unknown
	}
	if why := mustCopy(v, now); why != "" {
		p.Reasons = append(p.Reasons, fmt.Sprintf("%s must be copied anew, which fournines does: %s", postgresOf(v.To), why))
	}
	if apart := LinkTrouble(v.There, v.Back, now); apart != "" {
		p.Reasons = append(p.Reasons, apart+": it could not catch up")
	}
	p.stuck(v)
	switch {
	case v.Busy != "":
		p.Reasons = append(p.Reasons, fmt.Sprintf("operation %s works on %s", v.Busy, v.Home))
	case v.Leading != "":
		p.Reasons = append(p.Reasons, v.Leading)
	case v.Nodes < v.Zones || !v.Runs:
		p.Reasons = append(p.Reasons, fmt.Sprintf("%d of %d zones of %s report: it could not take its customers back", v.Nodes, v.Zones, v.To))
	}
	p.Ready = len(p.Reasons) == 0
	return p
}

// switchedOff names the routing switch of the region to move to: no resolver would be sent to
// those whose customers are served there afterwards.
func (p *MovePlan) switchedOff(v MoveView) {
	if why := v.Waits.WhyOff(); why != "" {
		p.Reasons = append(p.Reasons, fmt.Sprintf("%s would get no customers, %s: set it with `fournines route set %s on` first", v.To, why, v.To))
	}
}

// mustCopy says why the target must be copied anew, until it follows; empty when it need not.
func mustCopy(v MoveView, now time.Time) string {
	why := Outrun(v.Source, v.Target, now)
	if why == "" && !v.Source.WAL.Outrun.IsZero() && v.Target.Lock.Standby {
		why = "it needed write-ahead log that its partner has no more, and does not follow yet"
	}
	return why
}

// lag says how far behind the target is, and whether that is too far.
func (p *MovePlan) lag(v MoveView, source, target fact.PostgresMember, alive bool, now time.Time, add func(string, ...any)) {
	outrun := mustCopy(v, now)
	switch {
	case outrun != "" && p.Mode == Graceful: // otherwise it is a loss, and has a bound
		add("%s must be copied anew, which fournines does: %s", postgresOf(v.To), outrun)
	case !follows(target.State):
		add("%s is %s and does not follow", target.ID, target.State)
	case p.Mode == Graceful && alive && target.State != "streaming":
		add("%s is %s and does not stream from %s", target.ID, target.State, v.From)
	}
	if !v.Target.Newest.IsZero() {
		p.LagSeconds = max(0, v.Target.NewestAt.Sub(v.Target.Newest).Seconds())
	}
	if source.Received > 0 {
		p.LagBytes = max(0, source.Received-received(v.Target.Members))
	}
	if p.Mode == Graceful {
		switch {
		case p.LagBytes == unknown && alive:
			add("nobody knows how far %s is behind", v.To)
		case p.LagBytes > gracefulLag:
			add("%s is %d MiB behind: wait until it has caught up", v.To, p.LagBytes>>20)
		}
		if outrun == "" && p.LagBytes != unknown {
			p.LossBound = 0
		}
		return
	}
	// The seconds that nobody knows of end when the source was last seen to write.
	p.LossBound = p.LagSeconds
	if source.Role == "primary" && !source.Seen.IsZero() && !v.Target.Newest.IsZero() {
		p.LossBound = max(0, source.Seen.Sub(v.Target.Newest).Seconds())
	}
	switch rpo := v.Targets.RPO.D(); {
	case p.LossBound == unknown && rpo != math.MaxInt64:
		add("nobody knows how much of acknowledged writes would be lost: --accept-loss goes on all the same")
	case p.LossBound > rpo.Seconds():
		add("%.0f s of acknowledged writes could be lost, the target allows %.0f: --accept-loss goes on all the same", p.LossBound, rpo.Seconds())
	}
}

// objects says how far behind the copies of objects are, and whether that is too far: a
// graceful move waits for them, an ungraceful one finds the rest when the old region is back.
func (p *MovePlan) objects(v MoveView, source fact.PostgresMember, now time.Time, add func(string, ...any)) {
	if v.Objects == nil {
		return
	}
	if lag := v.Objects.Lag(now); lag >= 0 {
		p.Objects, p.ObjectsLag = v.Objects.Objects, lag.Seconds()
	}
	p.Stuck, p.StuckCount = v.Objects.Stuck, v.Objects.StuckCount
	if p.Mode == Graceful {
		p.stuck(v)
		if why := ObjectTrouble(*v.Objects, now); why != "" {
			add("%s", why)
		} else if v.Objects.Cycle > longestCycle {
			add("comparing the objects of %s and %s takes %.0f s, longer than requests may wait for it: use --ungraceful, or expire old versions", v.From, v.To, v.Objects.Cycle.Seconds())
		}
		return
	}
	// As for rows, the seconds that nobody knows of end when the source was last seen.
	missing := p.ObjectsLag
	if source.Role == "primary" && !source.Seen.IsZero() && !v.Objects.Whole.IsZero() {
		missing = max(0, source.Seen.Sub(v.Objects.Whole).Seconds())
	}
	rpo := v.Targets.RPO.D().Seconds()
	if since := oldestStuck(*v.Objects); v.Objects.StuckCount > 0 && now.Sub(since).Seconds() > rpo {
		add("%s: they would be missing until %s is back, --accept-loss goes on all the same", StuckText(*v.Objects, now), v.From)
	}
	if missing > rpo {
		add("%.0f s of acknowledged objects would be missing until %s is back, the target allows %.0f: --accept-loss goes on all the same", missing, v.From, rpo)
	}
}

// stuck refuses to leave objects behind that cannot be copied, unless a person names them.
func (p *MovePlan) stuck(v MoveView) {
	if v.Objects == nil {
		return
	}
	keys, unnamed := leftBehind(*v.Objects, v.Without)
	if len(keys) == 0 && unnamed == 0 {
		return
	}
	why := StuckText(*v.Objects, p.At) + fmt.Sprintf(": mend that (`fournines objects stuck`), or go on without them, which stay in %s:", v.From)
	for _, key := range keys[:min(len(keys), stuckTold)] {
		why += fmt.Sprintf(" --leave-object %q", key)
	}
	if unnamed > 0 {
		why = fmt.Sprintf("%s; %d are not named, so nobody can go on without them", StuckText(*v.Objects, p.At), unnamed)
	}
	p.Reasons = append(p.Reasons, why)
}

// topics says how far behind the copies of Kafka's topics are, and whether that is too far. A canary that
// arrives proves nothing of other topics. What is not copied comes when the old region is back: until then
// it is missing, like rows that were lost.
func (p *MovePlan) topics(v MoveView, source fact.PostgresMember, now time.Time, add func(string, ...any)) {
	if v.Mirror == nil {
		return
	}
	whole := v.Mirror.Covered()
	if !whole.IsZero() {
		p.Records, p.RecordsLag = v.Mirror.Lacks(), max(0, v.Mirror.TopicsAt.Sub(whole).Seconds())
	}
	if p.Mode == Graceful {
		if why := TopicTrouble(*v.Mirror, now); why != "" {
			if p.LossBound = unknown; v.Targets.RPO.D() < math.MaxInt64 {
				add("%s: see `fournines kafka mirrors`, or go on without them with --accept-loss", why)
			}
		}
		return
	}
	if whole.IsZero() {
		p.LossBound = unknown
		return
	}
	missing := p.RecordsLag
	if source.Role == "primary" && source.Seen.After(v.Mirror.TopicsAt) { // it lived on, and nobody looked
		missing = max(0, source.Seen.Sub(whole).Seconds())
	}
	if p.LossBound >= 0 {
		p.LossBound = max(p.LossBound, missing)
	}
	if rpo := v.Targets.RPO.D().Seconds(); missing > rpo {
		add("%.0f s of acknowledged records would be missing until %s is back, the target allows %.0f: --accept-loss goes on all the same", missing, v.From, rpo)
	}
}

// received returns the newest position that any member has.
func received(members []fact.PostgresMember) int64 {
	var out int64
	for _, m := range members {
		out = max(out, position(m))
	}
	return out
}

// steps names the steps of a move; those that a mode does not need do nothing in it.
func steps(rejoin bool) []string {
	var out []string
	if rejoin {
		out = append(out, "follow", "lift", "copy", "catch-up")
	}
	return append(out, "preflight", "warm", "hold", "fence", "demote", "promote", "scale", "preload", "switch", "resume", "verify")
}

// estimate is the median of what moves of this mode took.
func (p *MovePlan) estimate(last []control.Operation) {
	var took []float64
	for _, o := range last {
		if o.State != control.Succeeded || (o.Kind != KindEvacuate && o.Kind != KindRestore) {
			continue
		}
		if o.Ended.After(p.LastMoved) {
			p.LastMoved, p.LastReason = o.Ended, o.Reason
		}
		if mode := modeOf(o); mode == p.Mode {
			took = append(took, o.Ended.Sub(o.Begun).Seconds())
		}
	}
	if p.Measured = len(took); p.Measured > 0 {
		slices.Sort(took)
		p.Estimate = took[len(took)/2]
	}
}
