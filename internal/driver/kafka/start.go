package kafka

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/driver/aside"
	"github.com/greenlang/fournines/internal/whole"
)

// Start starts one broker of a cluster. A voter of the controller quorum that has lost what it
// voted for must not vote as if it never had: with a candidate that lacks committed records it
// would be a majority (row 7.1.6). So it first learns, as a broker alone, what the quorum has.
type Start struct {
	Home    string   // its directory, with server.properties
	Keep    string   // a directory that survives the loss of Home
	Node    int32    // its number
	Cluster string   // the cluster's id
	Others  []string // host:port of the other brokers
	Argv    []string // the JVM, its options and its class path
	Env     []string
}

// lookAgain is the time between two looks at the others while a broker waits.
const lookAgain = 500 * time.Millisecond

// endFor is how long a broker that has learnt may take to hand over what it leads.
const endFor = 30 * time.Second

const (
	server  = "server.properties"
	learner = "learner.properties"
)

// Exec becomes the broker once it may start, and returns only an error.
func (s Start) Exec(ctx context.Context) error {
	others := s.looker()
	defer others.Close()
	said := ""
	for {
		f, err := s.facts(ctx, others)
		if err != nil {
			return fmt.Errorf("look at the data of broker %d, which stays as it is: %w", s.Node, err)
		}
		d := decideStart(f)
		if d.why != said {
			said = d.why
			s.say(d.why)
		}
		switch {
		case d.wait:
			if err := pause(ctx); err != nil {
				return fmt.Errorf("start broker %d: %w: %s", s.Node, err, d.why)
			}
			continue
		case len(d.aside) > 0:
			at, err := aside.Move(filepath.Join(s.Home, "data.broken"), s.paths(d.aside)...)
			if err != nil {
				return fmt.Errorf("broker %d: %s: %w", s.Node, d.why, err)
			}
			s.say("what it cannot read is now in " + at)
			continue
		case d.name:
			if err := copyFile(s.copied(), filepath.Join(s.Home, metaFile)); err != nil {
				return fmt.Errorf("restore the name of broker %d: %w", s.Node, err)
			}
			continue
		}
		if d.learn {
			if err := s.learn(ctx, others); err != nil {
				return fmt.Errorf("broker %d gets the quorum's log before it votes: %w", s.Node, err)
			}
			continue
		}
		if d.format {
			if err := s.format(ctx, server); err != nil {
				return err
			}
		}
		others.Close()
		return s.become()
	}
}

func (s Start) say(what string) {
	fmt.Fprintf(os.Stderr, "%s broker %d: %s\n", time.Now().UTC().Format(time.RFC3339), s.Node, what)
}

func (s Start) paths(names []string) (out []string) {
	for _, name := range names {
		out = append(out, filepath.Join(s.Home, name))
	}
	return out
}

func pause(ctx context.Context) error {
	t := time.NewTimer(lookAgain)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// become replaces this process, which keeps its pid.
func (s Start) become() error {
	if err := os.WriteFile(s.mark(), nil, 0o600); err != nil {
		return fmt.Errorf("remember the start of broker %d: %w", s.Node, err)
	}
	if err := copyFile(filepath.Join(s.Home, metaFile), s.copied()); err != nil {
		return fmt.Errorf("keep the name of broker %d: %w", s.Node, err)
	}
	argv := s.program("kafka.Kafka", filepath.Join(s.Home, server))
	if err := syscall.Exec(argv[0], argv, s.Env); err != nil {
		return fmt.Errorf("start %s: %w", argv[0], err)
	}
	return nil
}

func (s Start) program(main string, args ...string) []string {
	return append(append(slices.Clone(s.Argv), main), args...)
}

// mark is the file that tells that the broker has been started here before.
func (s Start) mark() string { return filepath.Join(s.Keep, "begun") }

// copied is a copy of meta.properties. The id of the directory in it is nowhere else, and Kafka
// does not serve what it finds in a directory with another one.
func (s Start) copied() string { return filepath.Join(s.Keep, "meta.properties") }

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return whole.Write(to, b, 0o600)
}

// learning is the file that tells that what the broker has is not all that it shall have
// before it votes.
func (s Start) learning() string { return filepath.Join(s.Keep, "learning") }

// facts gathers what the decision rests on.
func (s Start) facts(ctx context.Context, others *Looker) (f startFacts, err error) {
	f.mark, f.alone = s.mark(), len(s.Others) == 0
	if f.storage, f.why, err = readStorage(s.Home, s.Cluster, s.Node); err != nil {
		return f, err
	}
	for path, is := range map[string]*bool{filepath.Join(s.Home, quorumState): &f.votes, s.learning(): &f.learning, s.mark(): &f.marked, s.copied(): &f.kept} {
		if *is, err = exists(path); err != nil {
			return f, err
		}
	}
	if f.alone || f.storage == storageSound && f.votes && !f.learning {
		return f, nil // nobody need be asked
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	q, err := others.quorum(ctx)
	if err != nil {
		f.silent = err.Error()
		return f, nil
	}
	f.led = q.LeaderID >= 0 && q.LeaderID != s.Node
	return f, nil
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// looker asks the other brokers.
func (s Start) looker() *Looker {
	l := &Looker{Cluster: "the other brokers"}
	for _, address := range s.Others {
		l.Brokers = append(l.Brokers, Broker{Address: address})
	}
	return l
}

// format makes the broker's storage with Kafka's own tool, where that never happened.
func (s Start) format(ctx context.Context, config string) error {
	argv := s.program("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", s.Cluster, "-c", filepath.Join(s.Home, config))
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // the program that is about to be started
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.Home, s.Env, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("format the storage of broker %d: %w", s.Node, err)
	}
	return nil
}
