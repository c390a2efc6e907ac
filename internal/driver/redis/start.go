package redis

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/driver/aside"
)

// Start starts one server of a cluster. A server that may lack what another has must not lead:
// beside replicas that have everything, an empty master makes them empty too (row 7.1.5).
type Start struct {
	Home      string   // its directory
	Keep      string   // a directory that survives the loss of Home
	Address   string   // host:port
	Peers     []string // host:port of the other servers
	Sentinels []string // host:port of all Sentinels
	Password  string
	Argv      []string // redis-server, its file, its options; the file tells whom it follows
	Env       []string
}

// lookAgain is the time between two looks at the others while a server waits.
const lookAgain = 200 * time.Millisecond

// Exec becomes the server once it may start, and returns only an error.
func (s Start) Exec(ctx context.Context) error {
	looker := &Looker{Password: s.Password}
	defer looker.Close()
	said, begun := "", time.Now()
	var own *own
	for {
		f, err := s.facts(ctx, looker, begun)
		if err != nil {
			return fmt.Errorf("look at the data of redis %s: %w", s.Address, err)
		}
		f.own = own
		d := decideStart(f)
		if d.why != said {
			said = d.why
			fmt.Fprintln(os.Stderr, time.Now().UTC().Format(time.RFC3339), s.Address+":", d.why)
		}
		switch {
		case d.aside:
			if err := s.setAside(); err != nil {
				return err
			}
			own = nil
			continue
		case d.count:
			own = s.count(ctx)
			continue
		case !d.wait:
			looker.Close()
			return s.become(d.follow)
		}
		t := time.NewTimer(lookAgain)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return fmt.Errorf("start redis %s: %w: %s", s.Address, ctx.Err(), d.why)
		}
	}
}

// become replaces this process, which keeps its pid. leader is whom it follows, empty: as its file says.
func (s Start) become(leader string) error {
	if err := s.noteStart(time.Now()); err != nil {
		return err
	}
	if err := os.Remove(s.leadFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("start redis %s: forget that it was told to lead: %w", s.Address, err)
	}
	if leader != "" {
		if err := follow(s.Argv[1], leader); err != nil {
			return fmt.Errorf("start redis %s as a replica of %s: %w", s.Address, leader, err)
		}
	}
	if err := syscall.Exec(s.Argv[0], s.Argv, s.Env); err != nil {
		return fmt.Errorf("start %s: %w", s.Argv[0], err)
	}
	return nil
}

// facts gathers what the decision rests on.
func (s Start) facts(ctx context.Context, l *Looker, begun time.Time) (f startFacts, err error) {
	f.self, f.mark, f.lead, f.ordered = s.Address, s.begunFile(), s.leadFile(), s.ordered()
	if f.data, f.why, err = hasData(s.Home); err != nil {
		return f, err
	}
	f.marked, f.again = s.begun(time.Now())
	if f.data == dataThere && f.again >= mostStarts {
		f.data, f.why = s.check(ctx)
	}
	if f.replica, err = follows(s.Argv[1]); err != nil {
		return f, err
	}
	if f.data == dataThere && f.replica {
		return f, nil // nobody need be asked
	}
	f.tooSoon = recent(s.aside(), time.Now())
	s.ask(ctx, l, &f)
	f.waited = time.Since(begun)
	return f, nil
}

// aside is where data is kept that could not be read.
func (s Start) aside() string { return filepath.Join(s.Home, "broken") }

func (s Start) setAside() error {
	_, err := aside.Move(s.aside(), filepath.Join(s.Home, appendDir), filepath.Join(s.Home, dumpFile))
	if err != nil {
		return fmt.Errorf("redis %s cannot read its data: %w", s.Address, err)
	}
	return nil
}
