package feed

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/greenlang/fournines/internal/whole"
)

// ErrOther means that a confirmation is for another feed than the one that is kept now, or for what it has not got.
var ErrOther = errors.New("the change feed is another")

const (
	logFile  = "feed"
	slotFile = "slot"
	// longest is the size from which on a feed that nobody reads is thrown away, in bytes.
	longest = 16 << 20
	// trimAbove is how much that was confirmed is worth a rewrite, in bytes.
	trimAbove = 256 << 10
)

// Feed is the change feed of one bucket. It may be used by many goroutines.
type Feed struct {
	dir  string
	bind func(id string) error // writes the feed's ID onto the bucket
	// gate is shared by each change as long as it is under way. Who begins a feed has it alone: a
	// change that no feed names has ended by then.
	gate    sync.RWMutex
	syncing sync.Mutex // guards synced; taken before mu
	synced  uint64
	mu      sync.Mutex // guards what follows
	file    *os.File   // nil: no feed is kept
	id      string
	begin   int64 // of the records in the file
	size    int64 // of the file
	changes []Change
	open    map[uint64]bool // changes that are under way
	slot    Slot
}

// Open opens the feed in dir, if there is one that vouches for itself and belongs to the bucket,
// which has the ID of its feed written on it.
func Open(dir, bound string, bind func(id string) error) (*Feed, error) {
	f := &Feed{dir: dir, bind: bind, open: map[uint64]bool{}}
	b, err := os.ReadFile(filepath.Join(dir, logFile))
	if errors.Is(err, fs.ErrNotExist) {
		return f, f.discard()
	}
	if err != nil {
		return nil, fmt.Errorf("read change feed: %w", err)
	}
	if err := f.load(b, bound); err != nil {
		if errors.Is(err, errDamaged) {
			return f, f.discard()
		}
		return nil, err
	}
	return f, nil
}

// load takes a feed's file over.
func (f *Feed) load(b []byte, bound string) error {
	id, first, begin, err := parseHead(b)
	if err != nil {
		return err
	}
	if id != bound {
		return fmt.Errorf("%w: it is of another bucket", errDamaged)
	}
	all, n, err := parse(b[begin:], first)
	if err != nil {
		return err
	}
	slot, err := readSlot(filepath.Join(f.dir, slotFile), id)
	if err != nil {
		return err
	}
	next := first + uint64(len(all))
	if slot.Position+1 < first || slot.Position >= next {
		return fmt.Errorf("%w: its reader has %d and it holds %d to %d", errDamaged, slot.Position, first, next-1)
	}
	file, err := os.OpenFile(filepath.Join(f.dir, logFile), os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open change feed: %w", err)
	}
	f.file, f.id, f.begin, f.size, f.slot, f.synced = file, id, int64(begin), int64(begin+n), slot, next-1
	f.changes = all[slot.Position+1-first:]
	if err := errors.Join(file.Truncate(f.size), file.Sync()); err != nil { // what was cut short would spoil what follows
		return fmt.Errorf("open change feed: %w", err)
	}
	return nil
}

// Begin names a key that is about to change, and returns when that is on the disk. The change
// may have its effect then; end must be called after it, whatever came of it.
func (f *Feed) Begin(key string) (end func(), err error) {
	f.gate.RLock()
	f.mu.Lock()
	if f.file == nil || len(key) == 0 || len(key) > longestKey { // no file has such a name
		f.mu.Unlock()
		return f.gate.RUnlock, nil
	}
	file, id, seq, err := f.append([]byte(key))
	f.mu.Unlock()
	if err == nil {
		err = f.sync(file, seq)
	}
	end = func() {
		f.mu.Lock()
		if f.id == id {
			delete(f.open, seq)
		}
		f.mu.Unlock()
		f.gate.RUnlock()
	}
	if err != nil { // whether it is named nobody knows: better no feed than one with a gap
		end()
		f.syncing.Lock()
		defer f.syncing.Unlock()
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.id == id {
			err = errors.Join(err, f.discard())
		}
		return nil, fmt.Errorf("name the change of %s: %w", key, err)
	}
	return end, nil
}

// append writes one record. f.mu is held.
func (f *Feed) append(key []byte) (file *os.File, id string, seq uint64, err error) {
	c := Change{Seq: f.next(), Key: key}
	b, err := appendRecord(nil, c)
	if err == nil {
		_, err = f.file.WriteAt(b, f.size)
	}
	if err != nil {
		return f.file, f.id, c.Seq, err
	}
	f.size += int64(len(b))
	f.changes = append(f.changes, c)
	f.open[c.Seq] = true
	return f.file, f.id, c.Seq, nil
}

func (f *Feed) next() uint64 { return f.slot.Position + 1 + uint64(len(f.changes)) }

// sync makes a record durable, with all that were written until it begins.
func (f *Feed) sync(file *os.File, seq uint64) error {
	f.syncing.Lock()
	defer f.syncing.Unlock()
	f.mu.Lock()
	now, upTo, size := f.file, f.next()-1, f.size
	f.mu.Unlock()
	if now != file { // rewritten, and synced, or thrown away
		return nil
	}
	if f.synced < seq {
		if err := file.Sync(); err != nil {
			return err
		}
		f.synced = upTo
	}
	if size > longest {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.discard()
	}
	return nil
}

// Read returns what the feed says now, with the changes after a position; nil: the slot's.
func (f *Feed) Read(after *uint64) Page {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := Page{ID: f.id, Changes: []Change{}}
	if f.file == nil {
		return p
	}
	p.First, p.Next, p.Slot = f.slot.Position+1, f.next(), f.slot
	p.Safe = p.Next - 1
	for seq := range f.open {
		p.Safe = min(p.Safe, seq-1)
	}
	from := f.slot.Position
	if after != nil {
		from = *after
	}
	if from+1 >= p.First && from < p.Next { // else it is for the reader to see the gap
		rest := f.changes[from+1-p.First:]
		p.Changes = append(p.Changes, rest[:min(len(rest), pageChanges)]...)
	}
	return p
}

// Confirm moves the slot forward and trims what it has passed, or begins a feed: [ErrOther].
func (f *Feed) Confirm(c Confirmation) error {
	if c.ID == "" {
		return f.start()
	}
	f.syncing.Lock()
	defer f.syncing.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil || c.ID != f.id || c.Position < f.slot.Position || c.Position >= f.next() || len(c.Token) > longestKey {
		return ErrOther
	}
	for seq := range f.open {
		if c.Position >= seq {
			return fmt.Errorf("%w: change %d is under way, so nobody can be done with %d", ErrOther, seq, c.Position)
		}
	}
	if err := writeSlot(filepath.Join(f.dir, slotFile), f.id, c.Slot); err != nil {
		return err
	}
	f.changes = slices.Clone(f.changes[c.Position-f.slot.Position:])
	f.slot = c.Slot
	return f.trim()
}

// trim rewrites the file where most of it was confirmed. Both locks are held.
func (f *Feed) trim() error {
	kept := int64(0)
	for _, c := range f.changes {
		kept += headBytes + int64(len(c.Key))
	}
	if gone := f.size - f.begin - kept; gone < trimAbove || gone < kept {
		return nil
	}
	return f.write(f.id, f.slot.Position+1, f.changes)
}

// write makes the file anew, in one step. Both locks are held.
func (f *Feed) write(id string, first uint64, changes []Change) error {
	b := head(id, first)
	begin := int64(len(b))
	for _, c := range changes {
		var err error
		if b, err = appendRecord(b, c); err != nil {
			return err
		}
	}
	path := filepath.Join(f.dir, logFile)
	if err := whole.Write(path, b, 0o600); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return errors.Join(fmt.Errorf("open change feed: %w", err), f.discard())
	}
	if f.file != nil {
		_ = f.file.Close() // nothing was left to be written
	}
	f.file, f.id, f.begin, f.size = file, id, begin, int64(len(b))
	f.synced = first + uint64(len(changes)) - 1
	return nil
}

// start begins a feed where there is none, once every change has ended that it would not name.
func (f *Feed) start() error {
	f.gate.Lock()
	defer f.gate.Unlock()
	f.syncing.Lock()
	defer f.syncing.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file != nil {
		return nil
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return fmt.Errorf("make change feed: %w", err)
	}
	id := rand.Text()
	if err := f.bind(id); err != nil {
		return fmt.Errorf("bind change feed to its bucket: %w", err)
	}
	f.slot, f.changes, f.open = Slot{}, nil, map[uint64]bool{}
	if err := writeSlot(filepath.Join(f.dir, slotFile), id, f.slot); err != nil {
		return err
	}
	return f.write(id, 1, nil)
}

// Discard throws the feed away, as when its bucket goes.
func (f *Feed) Discard() error {
	f.syncing.Lock()
	defer f.syncing.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.discard()
}

// discard removes the feed for good. Both locks are held, or nobody else has it.
func (f *Feed) discard() error {
	if f.file != nil {
		_ = f.file.Close() // it is thrown away
	}
	f.file, f.id, f.changes, f.slot, f.open = nil, "", nil, Slot{}, map[uint64]bool{}
	err := os.Remove(filepath.Join(f.dir, logFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncDir(f.dir)
	}
	if err != nil {
		return fmt.Errorf("throw change feed away: %w", err)
	}
	return nil
}

// Close ends the use of the feed.
func (f *Feed) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}

// magic begins a feed's file; after it come the ID and the number of the first change, with their checksum.
const magic = "fournines change feed 1\n"

func head(id string, first uint64) []byte {
	b := binary.LittleEndian.AppendUint64([]byte(magic), first)
	b = append(b, byte(len(id)))
	b = append(b, id...)
	return binary.LittleEndian.AppendUint32(b, sum(first, []byte(id)))
}

func parseHead(b []byte) (id string, first uint64, size int, err error) {
	bad := fmt.Errorf("%w: its head", errDamaged)
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok || len(rest) < 9 {
		return "", 0, 0, bad
	}
	first = binary.LittleEndian.Uint64(rest)
	n := int(rest[8])
	if rest = rest[9:]; len(rest) < n+4 || n == 0 || first == 0 || first > 1<<62 || binary.LittleEndian.Uint32(rest[n:]) != sum(first, rest[:n]) {
		return "", 0, 0, bad
	}
	return string(rest[:n]), first, len(magic) + 9 + n + 4, nil
}

// keptSlot is the slot's file.
type keptSlot struct {
	ID string `json:"id"`
	Slot
}

func writeSlot(path, id string, s Slot) error {
	b, err := json.Marshal(keptSlot{id, s})
	if err != nil {
		return fmt.Errorf("render the reader's position: %w", err)
	}
	return whole.Write(path, b, 0o600)
}

func readSlot(path, id string) (Slot, error) {
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Slot{}, fmt.Errorf("read the reader's position: %w", err)
	}
	var k keptSlot
	if json.Unmarshal(b, &k) != nil || k.ID != id {
		return Slot{}, fmt.Errorf("%w: its reader's position", errDamaged)
	}
	return k.Slot, nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
