package availability

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/fact"
)

// CodeDisk is the code of the finding that a disk is full or will be.
const CodeDisk = "disk-short"

// DiskUse is one file system and what keeps data there.
type DiskUse struct {
	fact.Disk
	Users []string      `json:"users" doc:"ids of the components and servers whose data is there"`
	Left  time.Duration `json:"-"` // until it is full at the pace of late; 0: it does not fill, or nobody knows
	Heard time.Time     `json:"-"` // of whoever looks at it: the newest of what it said of anything
}

// DiskLook is what was left of a disk at a moment.
type DiskLook struct {
	At   time.Time
	Free int64
}

// The forecast looks back over KeepLooks at most. A pace counts that has held for at least
// leastLooks, or, where it fills the disk within minutes, for fastLooks.
const (
	KeepLooks  = time.Hour
	leastLooks = 30 * time.Minute
	fastLooks  = time.Minute

	soonFull = 4 * time.Hour    // a warning
	nowFull  = 15 * time.Minute // and worse
)

// DiskLeft returns how long a disk lasts at the pace at which it has filled, the shortest that
// is worth a warning; 0 where it is longer or does not fill, or the looks, oldest first, are
// too few to say so.
func DiskLeft(looks []DiskLook, now time.Time) time.Duration {
	if len(looks) == 0 {
		return 0
	}
	last := looks[len(looks)-1]
	at := func(age time.Duration) (DiskLook, bool) { // the newest look that is so old
		for _, l := range slices.Backward(looks) {
			if last.At.Sub(l.At) >= age {
				return l, true
			}
		}
		return DiskLook{}, false
	}
	left := func(first DiskLook, known bool, within time.Duration) time.Duration {
		lost, took := first.Free-last.Free, last.At.Sub(first.At)
		if !known || lost <= 0 || took <= 0 {
			return 0
		}
		seconds := float64(last.Free) / (float64(lost) / took.Seconds())
		if seconds > within.Seconds() {
			return 0
		}
		return max(time.Duration(seconds*float64(time.Second))-now.Sub(last.At), time.Second)
	}
	fast, known := at(fastLooks)
	if d := left(fast, known, nowFull); d > 0 {
		return d
	}
	slow, known := looks[0], last.At.Sub(looks[0].At) >= leastLooks
	return left(slow, known, soonFull)
}

// DiskFinding says that a disk has little left, or will soon; false where it has enough. What was
// seen of one that nobody sees any more counts until somebody does; and one that does not
// answer while its host does is a finding of its own.
func DiskFinding(u DiskUse, since, now time.Time) (evidence.Finding, bool) {
	f := evidence.Finding{Code: CodeDisk, Severity: evidence.Warning, Since: since, Command: "fournines status -o wide"}
	if u.At.IsZero() || len(u.Users) == 0 {
		return f, false
	}
	unseen := now.Sub(u.At) > FreshDisk
	if unseen {
		u.Left = 0
	}
	f.Subject = u.Users[0]
	whose := "the disk of " + u.Users[0]
	if n := len(u.Users) - 1; n > 0 {
		whose += fmt.Sprintf(" and %d others", n)
	}
	switch {
	case full(u.Disk):
		f.Severity, f.Title = evidence.Critical, whose+" is full"
	case u.Left > 0 && u.Left <= nowFull:
		f.Severity, f.Title = evidence.Critical, fmt.Sprintf("%s is full in %s", whose, u.Left.Round(time.Minute))
	case scarce(u.Disk):
		f.Title = whose + " is nearly full"
	case u.Left > 0:
		f.Title = fmt.Sprintf("%s is full in %s", whose, u.Left.Round(time.Minute))
	case unseen && now.Sub(u.Heard) <= FreshDisk:
		f.Title = whose + " does not answer"
	default:
		return f, false
	}
	f.Title = strings.ToUpper(f.Title[:1]) + f.Title[1:]
	f.Text = fmt.Sprintf("It has %s. ", room(u.Disk))
	if unseen {
		f.Text = fmt.Sprintf("It had %s when it was last seen, at %s: it hangs, or whoever looks at it is silent. ", room(u.Disk), u.At.UTC().Format(time.RFC3339))
	}
	if u.Left > 0 {
		f.Text += fmt.Sprintf("At the pace of late it is full at %s. ", now.Add(u.Left).UTC().Format("15:04"))
	}
	f.Text += fmt.Sprintf("Data of %s is there, and what cannot grow fails. Make room or a larger disk; what takes the most says `du -xh --max-depth=3 DIRECTORY | sort -h`.", strings.Join(u.Users, ", "))
	return f, true
}
