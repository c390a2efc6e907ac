package witness

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Grace is how long after a larger size was cosigned a smaller one may still arrive from
// a second feeder; later it is a rollback. It is twice what a feeder's request may take.
const Grace = 6 * time.Second

// record is what a witness knows of one log.
type record struct {
	last Checkpoint // the last cosigned one; empty before the first
	at   time.Time  // when it was cosigned; zero before the first
}

func (r record) seen() bool { return !r.at.IsZero() }

// verdict is what to do about an offered checkpoint whose signature holds.
type verdict struct {
	status int  // 200: keep and cosign it
	found  Kind // "": nothing to report
	why    string
}

// decide judges one request by the rules of https://c2sp.org/tlog-witness, in their order,
// and tells misbehaviour of the log from a sender that is late.
func decide(r record, offered Checkpoint, old uint64, hashes [][]byte, now time.Time) verdict {
	switch known := r.last; {
	case old > offered.Size:
		return verdict{http.StatusBadRequest, "", "the old size is above the checkpoint's"}
	case r.seen() && forked(known, offered, old, hashes):
		return verdict{forkStatus(known, offered), Fork, "the log has signed another history than the one cosigned here"}
	case offered.Size < known.Size && now.Sub(r.at) > Grace:
		return verdict{http.StatusConflict, Rollback, "the log is smaller than it was"}
	case old != known.Size:
		return verdict{http.StatusConflict, "", "the old size is not the last cosigned one"}
	case old == offered.Size && !known.sameRoot(offered):
		return verdict{http.StatusConflict, "", "a tree of no entries has one root"}
	case consistent(known, offered, hashes):
		return verdict{status: http.StatusOK}
	case r.seen() && offered.Size > known.Size && old > 0:
		return verdict{http.StatusUnprocessableEntity, Unproved, "the proof does not show that the log has only grown"}
	default:
		return verdict{http.StatusUnprocessableEntity, "", "here the proof must be empty"}
	}
}

// forkStatus is 409 for two roots of one size and 422 for a proof that does not verify.
func forkStatus(known, offered Checkpoint) int {
	if known.Size == offered.Size {
		return http.StatusConflict
	}
	return http.StatusUnprocessableEntity
}

func consistent(known, offered Checkpoint, hashes [][]byte) bool {
	return proof.VerifyConsistency(rfc6962.DefaultHasher, known.Size, offered.Size, hashes, known.Root, offered.Root) == nil
}

// forked tells whether two signed checkpoints contradict each other. Either they give one
// size two roots; or hashes lead to the offered root from another root of the old size than
// the known one. The second proves the fork regardless of its sender: making up such hashes
// would break SHA-256. A proof from a power of two starts at the known root itself and
// therefore never shows this.
func forked(known, offered Checkpoint, old uint64, hashes [][]byte) bool {
	if known.Size == offered.Size {
		return !known.sameRoot(offered)
	}
	if old != known.Size || old == 0 || offered.Size < old {
		return false
	}
	err := proof.VerifyConsistency(rfc6962.DefaultHasher, old, offered.Size, hashes, known.Root, offered.Root)
	var other proof.RootMismatchError
	if !errors.As(err, &other) || old&(old-1) == 0 {
		return false
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, old, offered.Size, hashes, other.CalculatedRoot, offered.Root) == nil
}

// textOf returns what the signatures of a note cover.
func textOf(signed string) string {
	i := strings.LastIndex(signed, "\n\n")
	if i < 0 {
		return ""
	}
	return signed[:i+1]
}
