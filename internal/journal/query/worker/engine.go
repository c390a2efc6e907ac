package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/table"
)

// Options say how the worker is run. Dir is required.
type Options struct {
	Program string        // its file; "": the one that [Beside] finds, once it is needed
	Dir     string        // of the tables; it can read nothing else
	Memory  int           // MiB that it may use; 0: 512
	Timeout time.Duration // of one question; 0: 30 s
	Idle    time.Duration // after which it ends; 0: 1 min
}

// Engine answers questions with a worker process, one at a time. Close it.
type Engine struct {
	o    Options
	turn chan struct{} // holds one token: its holder owns process and idle

	process *process
	idle    *time.Timer
	closed  bool
	asked   uint64
	mu      sync.Mutex // guards pid
	pid     int
}

// New returns an engine; no process is started yet.
func New(o Options) *Engine {
	if o.Memory == 0 {
		o.Memory = 512
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Idle == 0 {
		o.Idle = time.Minute
	}
	e := &Engine{o: o, turn: make(chan struct{}, 1)}
	e.turn <- struct{}{}
	return e
}

// grace is how much longer than its time a worker gets before it is killed.
const grace = 3 * time.Second

// Answer answers a question about the tables of a snapshot, from any goroutine. An error
// about the question is a [query.RefusedError]; without the worker's program it is a
// [MissingError].
func (e *Engine) Answer(ctx context.Context, q query.Question, s *table.Snapshot) (query.Answer, error) {
	begun := time.Now()
	q, err := q.Checked()
	if err != nil {
		return query.Answer{}, err
	}
	select {
	case <-e.turn:
	case <-ctx.Done():
		return query.Answer{}, fmt.Errorf("wait for the query worker, which answers one question at a time: %w", ctx.Err())
	}
	defer func() { e.turn <- struct{}{} }()
	a := Ask{SQL: q.SQL, Limit: q.Limit, Seconds: e.o.Timeout.Seconds()}
	for _, t := range s.Tables {
		a.Files = append(a.Files, t.Path())
	}
	r, err := e.ask(ctx, a)
	switch {
	case err != nil:
		return query.Answer{}, err
	case r.Refused != "":
		return query.Answer{}, query.Refuse("%s", r.Refused)
	case r.Failed != "":
		return query.Answer{}, fmt.Errorf("query worker: %s", r.Failed)
	}
	if r.Rows == nil {
		r.Rows = [][]any{}
	}
	return query.Answer{Engine: "duckdb", Columns: r.Columns, Rows: r.Rows, Cut: r.Cut, Head: s.Size, Seconds: time.Since(begun).Seconds()}, nil
}

// ask asks the process, started when there is none. The caller has the turn.
func (e *Engine) ask(ctx context.Context, a Ask) (Reply, error) {
	if e.closed {
		return Reply{}, errors.New("the query worker was closed")
	}
	if e.idle != nil {
		e.idle.Stop()
	}
	if e.process == nil {
		p, err := start(e.o)
		if err != nil {
			return Reply{}, err
		}
		e.process = p
		e.setPID(p.cmd.Process.Pid)
	}
	p := e.process
	type outcome struct {
		r   Reply
		err error
	}
	answered := make(chan outcome, 1)
	go func() {
		r, err := p.ask(a)
		answered <- outcome{r, err}
	}()
	late := time.NewTimer(e.o.Timeout + grace)
	defer late.Stop()
	select {
	case o := <-answered:
		if o.err == nil {
			e.rest()
			return o.r, nil
		}
		return Reply{}, fmt.Errorf("the query worker ended while it answered (%s); the server is not affected, and the next question starts another worker; if the worker was killed for its memory, ask for less at once", e.end(true))
	case <-ctx.Done():
		e.end(true)
		return Reply{}, fmt.Errorf("ask the query worker: %w", ctx.Err())
	case <-late.C:
		e.end(true)
		return Reply{}, query.Refuse("the question took longer than %s and was given up; narrow it by index, time, operation or actor", e.o.Timeout)
	}
}

// rest ends the process once nobody has asked for a while. The caller has the turn.
func (e *Engine) rest() {
	e.asked++
	last := e.asked
	e.idle = time.AfterFunc(e.o.Idle, func() {
		<-e.turn
		if e.asked == last {
			e.end(false)
		}
		e.turn <- struct{}{}
	})
}

// end ends the process and says how. The caller has the turn.
func (e *Engine) end(kill bool) string {
	if e.process == nil {
		return ""
	}
	how := e.process.end(kill)
	e.process = nil
	e.setPID(0)
	return how
}

func (e *Engine) setPID(pid int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pid = pid
}

// PID returns the worker's process id, 0 when there is none.
func (e *Engine) PID() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pid
}

// Close ends the worker. It may be called twice.
func (e *Engine) Close() error {
	<-e.turn
	if e.idle != nil {
		e.idle.Stop()
	}
	e.closed = true
	e.end(true)
	e.turn <- struct{}{}
	return nil
}
