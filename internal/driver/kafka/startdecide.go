package kafka

// What a broker's meta.properties says.
type storage int

const (
	storageNone   storage = iota // there is none
	storageSound                 // it is this broker's
	storageBroken                // it cannot be what Kafka wrote
)

// startFacts are the input of the decision how a broker starts.
type startFacts struct {
	storage  storage
	why      string // its meta.properties is broken
	votes    bool   // it knows what it has voted for
	learning bool   // it has begun to get the quorum's log, and has not ended
	marked   bool   // it has been started here before
	mark     string // the file that says so
	kept     bool   // a copy of its meta.properties is there
	alone    bool   // it is the only voter
	led      bool   // the others know a leader of the quorum, which is not this one
	silent   string // why nobody knows
}

// startDecision is how a broker starts.
type startDecision struct {
	wait   bool     // not yet: look again
	aside  []string // set these aside, below its directory, and decide again
	name   bool     // put the copy of its meta.properties in place, and decide again
	learn  bool     // get the quorum's log without a vote, and decide again
	format bool     // make its storage first
	why    string
}

// decideStart is pure. A voter that does not know what it has voted for never votes before it has
// what the quorum has committed, unless it is the cluster's very first start.
func decideStart(f startFacts) startDecision {
	format := f.storage == storageNone
	switch {
	case f.storage == storageNone && f.votes && f.kept:
		return startDecision{name: true, why: "its meta.properties is gone, and it puts the copy in place"}
	case f.storage == storageBroken && f.alone && f.kept:
		return startDecision{aside: []string{metaFile}, why: "its meta.properties is broken, and it is the only broker: it keeps its records and puts the copy in place: " + f.why}
	case f.storage == storageBroken && f.alone: // with another name Kafka would not serve what is there
		return startDecision{wait: true, why: "its meta.properties is broken, it is the only broker, and there is no copy: restore that file (version, cluster.id, node.id, directory.id), or move data away to begin without records: " + f.why}
	case f.storage == storageBroken && f.led:
		return startDecision{aside: []string{"data"}, why: "its meta.properties is broken: it sets its data aside and gets it from the others: " + f.why}
	case f.storage == storageBroken:
		return startDecision{wait: true, why: "its meta.properties is broken, and it waits for the others, from which it gets its data (" + orNobody(f.silent) + "): " + f.why}
	case f.alone, f.votes && !f.learning:
		return startDecision{format: format, why: "it has what it has voted for"}
	case f.led:
		return startDecision{learn: true, why: "it does not know what it has voted for: it gets the quorum's log first, without a vote"}
	case f.marked || f.learning:
		return startDecision{wait: true, why: "it has lost what it has voted for, and waits for a leader of the quorum (" + orNobody(f.silent) + "); to start as a new cluster's member all the same, remove " + f.mark + " and what is beside it"}
	}
	return startDecision{format: format, why: "it starts for the first time"}
}

func orNobody(silent string) string {
	if silent == "" {
		return "the others know none"
	}
	return silent
}
