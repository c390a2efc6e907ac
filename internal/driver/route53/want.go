package route53

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Want is what the zone shall say.
type Want struct {
	Owner   string // of the records: the platform's name, a DNS label
	Name    string // of the service, for example api.greenlang.com
	TTL     time.Duration
	Regions []Region
	Cells   []string // region that serves each cell
}

// Region is one region as the zone sees it.
type Region struct {
	Name    string // AWS's own, since latency is measured to it
	Address string // IPv4 of its edge
	Open    bool   // it serves, is not fenced, and its switch is on
	Reserve bool   // its weight is 0: only when nothing else is left
	Port    int    // of its edge's HTTP, that is asked whether it is there; 0: nobody asks
	Path    string // that must answer 200-399
}

// Answering returns the regions that the service's name stands for: those that are open,
// without the reserve as long as any other is left; all of them where every switch is
// off. Which of them are well is Route 53's to know. It is pure.
func (w Want) Answering() []Region {
	pick := func(keep func(Region) bool) (out []Region) {
		for _, r := range w.Regions {
			if keep(r) {
				out = append(out, r)
			}
		}
		return out
	}
	for _, keep := range []func(Region) bool{
		func(r Region) bool { return r.Open && !r.Reserve },
		func(r Region) bool { return r.Open },
		func(r Region) bool { return !r.Reserve },
	} {
		if out := pick(keep); len(out) > 0 {
			return out
		}
	}
	return w.Regions
}

// mark begins every set identifier and caller reference of ours.
func (w Want) mark() string { return "fournines/" + w.Owner + "/" }

// Record is one record set.
type Record struct {
	Name   string // with its last dot
	Type   string
	Set    string // set identifier; empty: a simple record, which is never ours
	Region string // by whose latency it is chosen; empty: by weight
	Weight int64  // where it is chosen by weight
	TTL    int64  // seconds
	Values []string
	Check  string // caller reference of its health check; empty: none
	Other  string // what else it has that we never write; such a record is not as wanted
}

func (r Record) key() string { return r.Name + " " + r.Type + " " + r.Set }

// String is the record for people.
func (r Record) String() string {
	return fmt.Sprintf("%s %s %q", r.Name, r.Type, r.Set)
}

func (r Record) equal(o Record) bool {
	return r.key() == o.key() && r.Region == o.Region && r.Weight == o.Weight && r.TTL == o.TTL && r.Check == o.Check && r.Other == o.Other && strings.Join(r.Values, "\n") == strings.Join(o.Values, "\n")
}

// Check is one health check. Its reference holds its content, so that another content is
// another check. In Route 53 a word follows it that was never used before, because the
// reference of a check that was deleted can never be used again.
type Check struct {
	Reference string // without that word
	Address   string
	Port      int
	Path      string
	ID        string // Route 53's; empty: it is to be made
}

// check returns the health check of a region; false where it has none: nobody asks, or
// its address is one that Route 53 cannot reach.
func (w Want) check(r Region) (Check, bool) {
	a, err := netip.ParseAddr(r.Address)
	if r.Port == 0 || err != nil || !a.IsGlobalUnicast() || a.IsPrivate() {
		return Check{}, false
	}
	sum := sha256.Sum256([]byte(w.mark() + r.Name + " " + r.Address + " " + strconv.Itoa(r.Port) + " " + r.Path))
	return Check{Reference: w.reference() + hex.EncodeToString(sum[:8]), Address: r.Address, Port: r.Port, Path: r.Path}, true
}

// reference begins the caller references of all of the owner's checks: at most 64 characters with what follows.
func (w Want) reference() string {
	sum := sha256.Sum256([]byte(w.mark() + w.full()))
	return referencePrefix + hex.EncodeToString(sum[:8]) + "/"
}

// referencePrefix begins the caller references of everybody's checks that this program makes.
const referencePrefix = "fournines/"

// full is the service's name with its last dot.
func (w Want) full() string { return strings.TrimSuffix(w.Name, ".") + "." }

// alone is the weight of a record that alone stands for its name: the policy is only
// there because it carries a set identifier, our mark.
const alone = 1

// records returns every record that the zone shall have, and their health checks.
func (w Want) records() (out []Record, checks []Check) {
	ttl, addresses := int64(w.TTL.Seconds()), map[string]string{}
	for _, r := range w.Regions {
		addresses[r.Name] = r.Address
		if c, ok := w.check(r); ok { // also of a region that does not answer now: its health is known when it does again
			checks = append(checks, c)
		}
		out = append(out, Record{Name: r.Name + "." + w.full(), Type: "A", Set: w.mark() + "region/" + r.Name, Weight: alone, TTL: ttl, Values: []string{r.Address}})
	}
	for _, r := range w.Answering() {
		x := Record{Name: w.full(), Type: "A", Set: w.mark() + "nearest/" + r.Name, Region: r.Name, TTL: ttl, Values: []string{r.Address}}
		if c, ok := w.check(r); ok {
			x.Check = c.Reference
		}
		out = append(out, x)
	}
	for i, r := range w.Cells {
		out = append(out, Record{Name: "cell-" + strconv.Itoa(i) + "." + w.full(), Type: "A", Set: w.mark() + "cell/" + strconv.Itoa(i), Weight: alone, TTL: ttl, Values: []string{addresses[r]}})
	}
	return out, checks
}
