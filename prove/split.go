package prove

import "time"

// Ack is one write that a member acknowledged to a client that asked it directly.
type Ack struct {
	Member   string
	Timeline uint32
	Begun    time.Time // when the client began to connect
	Ended    time.Time // when it was told
}

// Overlaps returns the acknowledgements of a primary whose time was over: writes that
// began after another member had acknowledged one on a newer timeline. One that is
// enough to have two primaries. A write that began before may be told late: a process
// can be stopped between its commit and its answer.
func Overlaps(acks []Ack) []Ack {
	var out []Ack
	for _, old := range acks {
		for _, now := range acks {
			if now.Timeline > old.Timeline && now.Member != old.Member && old.Begun.After(now.Ended) {
				out = append(out, old)
				break
			}
		}
	}
	return out
}

// Timelines returns how many timelines took writes.
func Timelines(acks []Ack) int {
	seen := map[uint32]bool{}
	for _, a := range acks {
		seen[a.Timeline] = true
	}
	return len(seen)
}

// LastLeader returns the member that acknowledged last, empty when nobody did.
func LastLeader(acks []Ack) string {
	var last Ack
	for _, a := range acks {
		if a.Ended.After(last.Ended) {
			last = a
		}
	}
	return last.Member
}
