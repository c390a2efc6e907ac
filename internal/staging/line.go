package staging

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// ask is what a process inside asks its runner over the socket: one line of JSON. Either it says
// where it stands, or it asks for a file of the log.
type ask struct {
	Isolation *fact.Isolation `json:"isolation,omitempty"`
	File      string          `json:"file,omitempty"` // name of a segment or of a timeline's history
	To        string          `json:"to,omitempty"`   // path below the data directory
}

// answer is the runner's: one line of JSON.
type answer struct {
	Verdict verdict `json:"verdict"`
	Why     string  `json:"why,omitempty"`
}

// verdict has no default: an answer without one is a failure.
type verdict string

const (
	done   verdict = "done"
	absent verdict = "absent" // the repository does not have the file, and need not
	failed verdict = "failed"
)

// mostLine bounds a line of either.
const mostLine = 64 << 10

// request asks the runner at the socket, and waits as long as that takes.
func request(ctx context.Context, socket string, a ask) (answer, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return answer{}, fmt.Errorf("ask who runs the restore: %w", err)
	}
	defer c.Close() //nolint:errcheck // the answer is known
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if err := json.NewEncoder(c).Encode(a); err != nil {
		return answer{}, fmt.Errorf("ask who runs the restore: %w", err)
	}
	var got answer
	if err := line(c, &got); err != nil {
		return answer{}, fmt.Errorf("the answer of who runs the restore: %w", err)
	}
	switch got.Verdict {
	case done, absent:
		return got, nil
	case failed:
		return got, errors.New(got.Why)
	}
	return got, fmt.Errorf("who runs the restore answers %q, which says nothing", got.Verdict)
}

// line reads one whole line.
func line(r io.Reader, into any) error {
	b, err := bufio.NewReader(io.LimitReader(r, mostLine)).ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// listen answers at the socket until ctx ends, and returns once nobody is answered any more.
func listen(ctx context.Context, l net.Listener, reply func(context.Context, ask) answer) {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	all := make(chan struct{}, 8) // PostgreSQL asks for one file at a time
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			select { // without a descriptor, for example
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		all <- struct{}{}
		go func() {
			defer func() { <-all }()
			defer c.Close() //nolint:errcheck // whoever asked has the answer or not
			var a ask
			if err := line(c, &a); err != nil {
				return
			}
			if err := json.NewEncoder(c).Encode(reply(ctx, a)); err != nil {
				return // whoever asked has no answer, which is a failure
			}
		}()
	}
	for range cap(all) {
		all <- struct{}{}
	}
}
