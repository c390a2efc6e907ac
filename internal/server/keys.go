package server

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/journal/durable"
	"github.com/greenlang/fournines/internal/journal/seal"
	"github.com/greenlang/fournines/internal/place"
)

// sharedKeys are the keys of persons where several servers hold the journal: a new one, and
// a tombstone, is with most of the servers before anybody relies on it.
type sharedKeys struct {
	*seal.Directory
	s *Server

	mu   sync.Mutex // guards what follows
	held map[string][]byte
}

// KeysOfPersons returns where persons' keys are kept: in this server's directory, and with
// the other servers where several hold the journal.
func (s *Server) KeysOfPersons(d *seal.Directory) seal.KeyStore {
	if !s.Shared() {
		return d
	}
	return &sharedKeys{Directory: d, s: s, held: map[string][]byte{}}
}

// personsDir is where a server has the keys of persons, or copies of them.
func (s *Server) personsDir() string { return filepath.Join(s.house.Dir, place.PersonsDir) }

// takePseudonyms makes the key of pseudonyms that all servers share this one's. Were it made by
// who leads first, one that died before the others had it would make another than they.
func (s *Server) takePseudonyms() error {
	key, err := hex.DecodeString(s.house.Secrets.Pseudonyms)
	if err == nil && len(key) == 0 {
		err = errors.New("there is none: `fournines up` makes it")
	}
	if err != nil {
		return fmt.Errorf("read the key of pseudonyms in %s: %w", place.SecretsFile, err)
	}
	return seal.Keep(s.personsDir(), seal.PepperName, key)
}

// pushFor bounds how long a key may take to be with most of the servers.
const pushFor = 3 * time.Second

// Create implements seal.KeyStore.
func (k *sharedKeys) Create(pseudonym string) ([]byte, error) {
	key, err := k.Directory.Create(pseudonym)
	if err != nil {
		return nil, err
	}
	return key, k.share(seal.CopyName(pseudonym))
}

// Destroy implements seal.KeyStore. A server that is away gets the tombstone when it
// returns; should it lead before, it hears of it from the others and from the journal.
func (k *sharedKeys) Destroy(pseudonym string, at time.Time) (time.Time, error) {
	at, err := k.Directory.Destroy(pseudonym, at)
	if err != nil {
		return at, err
	}
	return at, k.share(seal.CopyName(pseudonym))
}

// share brings a file to most of the servers, unless it is there.
func (k *sharedKeys) share(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), pushFor)
	defer cancel()
	content, err := durable.OS{}.Read(filepath.Join(k.s.personsDir(), name))
	if err != nil {
		return fmt.Errorf("share data key: %w", err)
	}
	k.mu.Lock()
	known := bytes.Equal(k.held[name], content)
	k.mu.Unlock()
	if known {
		return nil
	}
	if err := k.s.pushKey(ctx, name, content); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held[name] = content
	return nil
}

// pushKey returns when most of the servers, this one among them, have a file.
func (s *Server) pushKey(ctx context.Context, name string, content []byte) error {
	others := s.others()
	answers := make(chan error, len(others))
	for _, x := range others {
		go func() { answers <- s.putKey(ctx, x, name, content) }()
	}
	var errs []error
	for need := s.house.Layout.Servers / 2; need > 0; {
		if len(errs) > len(others)-s.house.Layout.Servers/2 {
			return fmt.Errorf("share data key %s: too few servers have it: %w", name, errors.Join(errs...))
		}
		if err := <-answers; err != nil {
			errs = append(errs, err)
		} else {
			need--
		}
	}
	return nil
}

func (s *Server) putKey(ctx context.Context, x place.Seat, name string, content []byte) error {
	resp, err := s.askSeat(ctx, x, http.MethodPut, "/keys/"+name, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("%s: %w", x.Name, err)
	}
	return resp.Body.Close()
}

// getKeys reads another server's files.
func (s *Server) getKeys(ctx context.Context, x place.Seat) (map[string][]byte, error) {
	resp, err := s.askSeat(ctx, x, http.MethodGet, "/keys", nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	var out map[string][]byte
	return out, json.NewDecoder(resp.Body).Decode(&out)
}

// gatherKeys brings together what the servers have before this one opens its directory.
// Most of them must be heard: a key that somebody relies on is with one of any such number.
func (s *Server) gatherKeys(ctx context.Context) error {
	for {
		err := s.gatherKeysOnce(ctx)
		// Before the first entry there is nothing that others could know.
		if err == nil || s.house.Journal.Head().Size == 0 {
			return nil
		}
		s.house.Log.Warn("the keys of persons are not complete: too few servers answer", "err", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.quorum.Lost():
			return s.quorum.Reason()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// gatherKeysOnce returns when most of the servers, this one among them, have told theirs: one
// that is cut off, and was the leader perhaps, is not waited for.
func (s *Server) gatherKeysOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pushFor)
	defer cancel()
	type answer struct {
		from   string
		copies map[string][]byte
		err    error
	}
	others := s.others()
	answers := make(chan answer, len(others))
	for _, x := range others {
		go func() {
			copies, err := s.getKeys(ctx, x)
			answers <- answer{x.Name, copies, err}
		}()
	}
	var errs []error
	need := s.house.Layout.Servers / 2
	for range others {
		a := <-answers
		for _, name := range slices.Sorted(maps.Keys(a.copies)) {
			a.err = errors.Join(a.err, seal.Keep(s.personsDir(), name, a.copies[name]))
		}
		if a.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", a.from, a.err))
		} else if need--; need <= 0 {
			return nil
		}
	}
	return errors.Join(errs...)
}

// reconcileEvery is the time between two comparisons of the servers' keys.
const reconcileEvery = 10 * time.Second

// keepKeys gives the other servers what they lack, such as after they were away.
func (s *Server) keepKeys(ctx context.Context) error {
	var errs []error
	for _, x := range s.others() {
		var p *client.Problem
		if err := s.reconcileKeys(ctx, x); err != nil && ctx.Err() == nil && (!errors.As(err, &p) || p.Title != client.NoLeader) {
			errs = append(errs, fmt.Errorf("give %s the keys of persons: %w", x.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (s *Server) reconcileKeys(ctx context.Context, x place.Seat) error {
	ours, err := seal.Copies(s.personsDir())
	if err != nil {
		return err
	}
	theirs, err := s.getKeys(ctx, x)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		if !bytes.Equal(ours[name], theirs[name]) {
			if err := s.putKey(ctx, x, name, ours[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Server) sendKeys(w http.ResponseWriter, _ *http.Request) {
	copies, err := seal.Copies(s.personsDir())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	api.Send(w, copies)
}

// mostKey bounds one file of a key, in bytes.
const mostKey = 64 << 10

func (s *Server) takeKey(w http.ResponseWriter, r *http.Request) {
	if s.quorum.Leads() { // its directory is open: nobody else writes there
		http.Error(w, s.house.Seat.Name+" leads; it takes no copies", http.StatusConflict)
		return
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostKey))
	if err == nil {
		err = seal.Keep(s.personsDir(), r.PathValue("name"), b)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
