package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Start starts one server of a cluster. A server without its data must not lead: beside
// replicas that have everything, an empty master makes them empty too (row 7.1.5).
type Start struct {
	Home      string   // its directory
	Keep      string   // a directory that survives the loss of Home
	Address   string   // host:port
	Peers     []string // host:port of the other servers
	Sentinels []string // host:port of all Sentinels
	Password  string
	Argv      []string // redis-server, its file, its options
	Env       []string
}

// lookAgain is the time between two looks at the others while a server waits.
const lookAgain = 200 * time.Millisecond

// Exec becomes the server once it may start, and returns only an error.
func (s Start) Exec(ctx context.Context) error {
	looker := &Looker{Password: s.Password}
	defer looker.Close()
	said := ""
	for {
		f, err := s.facts(ctx, looker)
		if err != nil {
			return fmt.Errorf("look at the data of redis %s: %w", s.Address, err)
		}
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

// become replaces this process, which keeps its pid.
func (s Start) become(follow string) error {
	if err := s.noteStart(time.Now()); err != nil {
		return err
	}
	argv := s.Argv
	if follow != "" {
		host, port, err := net.SplitHostPort(follow)
		if err != nil {
			return fmt.Errorf("follow %q: %w", follow, err)
		}
		argv = append(slices.Clip(argv), "--replicaof", host, port)
	}
	if err := syscall.Exec(argv[0], argv, s.Env); err != nil {
		return fmt.Errorf("start %s: %w", argv[0], err)
	}
	return nil
}

// facts gathers what the decision rests on.
func (s Start) facts(ctx context.Context, l *Looker) (f startFacts, err error) {
	f.self, f.mark = s.Address, s.begunFile()
	if f.data, f.why, err = hasData(s.Home); err != nil {
		return f, err
	}
	f.marked, f.again = s.begun(time.Now())
	if f.data == dataThere && f.again >= mostStarts {
		f.data, f.why = s.check(ctx)
	}
	if f.data == dataThere {
		return f, nil // nobody need be asked
	}
	f.tooSoon = recent(s.aside(), time.Now())
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	peers := make(chan peer, len(s.Peers))
	for _, address := range s.Peers {
		go func() { peers <- l.peer(ctx, address) }()
	}
	named := make(chan string, len(s.Sentinels))
	for _, address := range s.Sentinels {
		go func() {
			x := l.Sentinel(ctx, address, address, time.Now)
			if x.Error != "" {
				x.Master = ""
			}
			named <- x.Master
		}()
	}
	votes := map[string]int{}
	for range s.Sentinels {
		votes[<-named]++
	}
	for address, n := range votes {
		if address != "" && 2*n > len(s.Sentinels) {
			f.named = address
		}
	}
	for range s.Peers {
		f.peers = append(f.peers, <-peers)
	}
	return f, nil
}

// peer asks another server for its role and whether it has keys.
func (l *Looker) peer(ctx context.Context, address string) peer {
	p := peer{address: address}
	c, err := l.client(address)
	if err != nil {
		return p
	}
	text, err := c.Do(ctx, c.B().Info().Build()).ToString()
	if err != nil {
		l.drop(address)
		return p
	}
	p.answers = true
	for k, v := range fields(text) {
		switch {
		case k == "role":
			p.master = v == "master"
		case strings.HasPrefix(k, "db") && strings.HasPrefix(v, "keys="):
			p.keys = true
		}
	}
	return p
}

// aside is where data is kept that could not be read.
func (s Start) aside() string { return filepath.Join(s.Home, "broken") }

func (s Start) setAside() error {
	if err := os.RemoveAll(s.aside()); err != nil {
		return fmt.Errorf("set the data of redis %s aside: %w", s.Address, err)
	}
	if err := os.Mkdir(s.aside(), 0o700); err != nil {
		return fmt.Errorf("set the data of redis %s aside: %w", s.Address, err)
	}
	for _, name := range []string{appendDir, dumpFile} {
		if err := os.Rename(filepath.Join(s.Home, name), filepath.Join(s.aside(), name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("set the data of redis %s aside: %w", s.Address, err)
		}
	}
	return nil
}
