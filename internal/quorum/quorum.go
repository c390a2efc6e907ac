package quorum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/greenlang/fournines/internal/journal"
)

const (
	leaderKey   = "/fournines/leader"
	tenureKey   = "/fournines/tenure"
	nextKey     = "/fournines/log/next"
	groupPrefix = "/fournines/log/group/"
)

// groupKey is where the group stands that begins with this entry: sorted as a number.
func groupKey(first uint64) string { return fmt.Sprintf("%s%020d", groupPrefix, first) }

// Options describe this server and its peers.
type Options struct {
	Client *clientv3.Client
	Name   string // of this server; a leader of this name holds the lock of the same journal
	Seed   bool   // this server's journal is the log's beginning, where nothing is decided yet

	// Fetch reads entries from another server's log: those from one index on, below
	// another. It is used for groups that etcd no longer keeps.
	Fetch func(ctx context.Context, from, to uint64, accept func(journal.Group) error) error

	TTL     time.Duration // of the leader's lease, see [leaseFor]; 0: 4 s
	Keep    int           // bytes of groups that etcd keeps; 0: 32 MiB
	Compact bool          // the etcd is ours alone: its history is dropped with the groups
	Log     *slog.Logger

	Crash func(point string) // called at each boundary of an election, for tests; nil: nothing
}

const (
	defaultTTL  = 4 * time.Second
	defaultKeep = 32 << 20
)

// Leader is the server that leads.
type Leader struct {
	Name string `json:"name"`
	Term int64  `json:"-"` // grows with each election

	lease clientv3.LeaseID
}

// Quorum is one server's part.
type Quorum struct {
	o    Options
	lost chan struct{} // closed when this server led and does no more

	mu       sync.Mutex // guards what follows
	leader   Leader     // who leads, as far as is known; no name: nobody
	changed  chan struct{}
	term     int64 // of our own leadership; 0: we do not lead
	lease    clientv3.LeaseID
	resigned chan struct{} // closed when the lease is given up
	until    time.Time     // our lease holds at least as long
	next     string        // value of nextKey while we lead
	reason   error         // why we lost it
	kept     []kept        // groups that etcd holds, while we lead
	bytes    int           // of them
	cutting  bool
}

type kept struct {
	first uint64
	bytes int
}

// New returns a server's part; it does nothing before [Quorum.Elect].
func New(o Options) *Quorum {
	if o.TTL <= 0 {
		o.TTL = defaultTTL
	}
	if o.Keep <= 0 {
		o.Keep = defaultKeep
	}
	if o.Crash == nil {
		o.Crash = func(string) {}
	}
	return &Quorum{o: o, lost: make(chan struct{}), changed: make(chan struct{})}
}

// Leader returns the leader, as far as this server knows, and the zero value where it does
// not know.
func (q *Quorum) Leader() (Leader, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.leader, q.leader.Name != ""
}

// Leads tells whether this server leads, and certainly still does.
func (q *Quorum) Leads() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.term != 0 && q.reason == nil && time.Now().Before(q.until)
}

// Term returns the term of this server's leadership, 0 where it does not lead.
func (q *Quorum) Term() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.term
}

// Lost is closed when this server may no longer lead. Nothing that it does afterwards may
// have an effect: end the process.
func (q *Quorum) Lost() <-chan struct{} { return q.lost }

// Reason says why the leadership was lost.
func (q *Quorum) Reason() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.reason
}

// Guard is what a transaction compares so that only this server's own leadership writes.
func (q *Quorum) Guard() []clientv3.Cmp {
	return []clientv3.Cmp{clientv3.Compare(clientv3.CreateRevision(leaderKey), "=", q.Term())}
}

func (q *Quorum) lose(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.reason == nil {
		q.reason = err
		close(q.lost)
	}
}

// know notes who leads.
func (q *Quorum) know(l Leader) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.leader == l {
		return
	}
	q.leader = l
	close(q.changed)
	q.changed = make(chan struct{})
}

// Changed returns a channel that is closed when another server leads, or none.
func (q *Quorum) Changed() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.changed
}

// end is the decided log's end.
type end struct {
	size uint64
	root string
}

func (e end) String() string { return strconv.FormatUint(e.size, 10) + " " + e.root }

func parseEnd(b []byte) (end, error) {
	size, root, ok := strings.Cut(string(b), " ")
	n, err := strconv.ParseUint(size, 10, 64)
	if !ok || err != nil || len(root) != 64 {
		return end{}, fmt.Errorf("key %s holds %q, which is not a size and a root", nextKey, b)
	}
	return end{n, root}, nil
}

func endOf(j *journal.Journal) end {
	h := j.Head()
	return end{h.Size, h.Root}
}

// readLeader asks etcd who leads.
func (q *Quorum) readLeader(ctx context.Context) (Leader, int64, error) {
	resp, err := q.o.Client.Get(ctx, leaderKey)
	if err != nil {
		return Leader{}, 0, fmt.Errorf("ask who leads: %w", err)
	}
	if len(resp.Kvs) == 0 {
		return Leader{}, resp.Header.Revision, nil
	}
	l, err := parseLeader(resp.Kvs[0].Value, resp.Kvs[0].CreateRevision)
	l.lease = clientv3.LeaseID(resp.Kvs[0].Lease)
	return l, resp.Header.Revision, err
}

func parseLeader(b []byte, term int64) (Leader, error) {
	l := Leader{Term: term}
	if err := json.Unmarshal(b, &l); err != nil || l.Name == "" {
		return Leader{}, errors.Join(fmt.Errorf("key %s holds %q, which names no leader", leaderKey, b), err)
	}
	return l, nil
}
