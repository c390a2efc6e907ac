package redis

import (
	"fmt"
	"strings"
)

// What a server has on its disk.
type data int

const (
	dataNone   data = iota // nothing: it is new, or has lost everything
	dataThere              // what it wrote
	dataBroken             // what it cannot read
)

// startFacts are the input of the decision how a server starts.
type startFacts struct {
	self    string
	data    data
	why     string // it cannot read its data
	marked  bool   // it has been started here before
	mark    string // the file that says so
	again   int    // times in a row that it was started soon after the start before
	tooSoon bool   // data was set aside only lately
	named   string // the master that most Sentinels name; empty: they do not agree, or do not answer
	peers   []peer
}

// peer is another server of the cluster.
type peer struct {
	address string
	answers bool
	master  bool
	keys    bool // it has some
}

// startDecision is how a server starts.
type startDecision struct {
	wait   bool   // not yet: look again
	aside  bool   // set the data aside, and decide again
	follow string // start as a replica of this one; empty: as its file says
	why    string
}

// decideStart is pure. A server that has its data starts as its file says; Sentinel demotes
// it where another leads. One without never starts as a master while another may have what it
// lacks: it waits until the Sentinels have promoted that one, and follows it.
func decideStart(f startFacts) startDecision {
	if f.data == dataThere {
		return startDecision{why: "it has its data"}
	}
	var full, silent []string
	leads := false
	for _, p := range f.peers {
		switch {
		case !p.answers:
			silent = append(silent, p.address)
		case p.keys:
			full = append(full, p.address)
		}
		leads = leads || p.answers && p.master && p.address == f.named
	}
	if f.data == dataBroken {
		switch {
		case len(full) == 0:
			return startDecision{why: "it cannot read its data, and nobody else has any, so it tries what it has: " + f.why}
		case f.tooSoon:
			return startDecision{wait: true, why: fmt.Sprintf("it cannot read its data again, and waits because data was set aside within %s: %s", asideEvery, f.why)}
		}
		return startDecision{aside: true, why: fmt.Sprintf("it cannot read its data, sets it aside and gets it from %s: %s", strings.Join(full, ", "), f.why)}
	}
	switch {
	case f.named != "" && f.named != f.self && leads:
		return startDecision{follow: f.named, why: "it has no data and follows " + f.named}
	case len(full) > 0:
		return startDecision{wait: true, why: fmt.Sprintf("it has no data and %s has: it waits until that one leads", strings.Join(full, ", "))}
	case len(silent) > 0 && f.marked:
		return startDecision{wait: true, why: fmt.Sprintf("it has lost its data, and waits for %s, which may have it; to start empty all the same, remove %s", strings.Join(silent, ", "), f.mark)}
	}
	return startDecision{why: "nobody has any data: it starts empty"}
}
