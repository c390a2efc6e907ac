package wing

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/wait"
)

// Task is work in the background.
type Task struct {
	Name  string
	Does  string        // one sentence, for people
	After time.Duration // before it is done for the first time
	// Every is the time between two rounds. Zero: Do goes on until its context ends, and is
	// begun again when it returns before.
	Every time.Duration
	// Wake returns a channel that begins the next round before its time, when it is closed or
	// has a value. It is asked for before each round, so that a change during a round is not missed.
	Wake func() <-chan struct{}
	// Do is one round. An error is kept, shown, counted, and tried again by the next round.
	Do func(ctx context.Context) error
}

// again is the time before a task that should go on, and did not, is begun again.
const again = time.Second

// failing is how long a task may fail before people are told.
const failing = time.Minute

// TaskStatus is how a task is doing.
type TaskStatus struct {
	Name     string    `json:"name"`
	Wing     string    `json:"wing"`
	Does     string    `json:"does"`
	Every    float64   `json:"every_seconds" doc:"time between two rounds; 0: it goes on all the time"`
	Rounds   uint64    `json:"rounds" doc:"that have ended since the server leads"`
	Failures uint64    `json:"failures"`
	Began    time.Time `json:"began,omitzero" doc:"begin of the newest round"`
	Ended    time.Time `json:"ended,omitzero" doc:"end of the newest round that is over"`
	Took     float64   `json:"took_seconds" doc:"the newest round that is over"`
	Error    string    `json:"error,omitempty" doc:"of the newest round that is over"`
	Failing  time.Time `json:"failing_since,omitzero" doc:"first failure since the last round that went well"`
}

// Tasks runs the tasks of all wings and knows how each is doing.
type Tasks struct {
	Log *slog.Logger

	mu  sync.Mutex // guards all
	all []*TaskStatus
	wg  sync.WaitGroup
}

// Start runs a wing's tasks until ctx ends.
func (t *Tasks) Start(ctx context.Context, wing string, tasks ...Task) {
	for _, task := range tasks {
		s := &TaskStatus{Name: task.Name, Wing: wing, Does: task.Does, Every: task.Every.Seconds()}
		t.mu.Lock()
		t.all = append(t.all, s)
		t.mu.Unlock()
		t.wg.Go(func() { t.run(ctx, task, s) })
	}
}

// Wait returns once every task has ended; end their context first.
func (t *Tasks) Wait() { t.wg.Wait() }

func (t *Tasks) run(ctx context.Context, task Task, s *TaskStatus) {
	pause := task.Every
	if pause == 0 {
		pause = again
	}
	var wake <-chan struct{} // nil: nothing wakes it
	for wait.Sleep(ctx, task.After); ctx.Err() == nil; rest(ctx, pause, wake) {
		if task.Wake != nil {
			wake = task.Wake()
		}
		began := time.Now()
		t.mu.Lock()
		s.Began = began
		t.mu.Unlock()
		err := t.round(ctx, task)
		if ctx.Err() != nil {
			return // what was interrupted by the end is no failure
		}
		if err == nil && task.Every == 0 {
			err = fmt.Errorf("it ended by itself; it begins again")
		}
		t.note(s, began, time.Now(), err)
	}
}

// rest returns after d, or when something wakes it.
func rest(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-t.C:
	}
}

// round is one round of a task. A panic is its error, because one task never ends the others;
// the log keeps where it came from.
func (t *Tasks) round(ctx context.Context, task Task) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			t.Log.Error("a task panicked", "task", task.Name, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return task.Do(ctx)
}

func (t *Tasks) note(s *TaskStatus, began, ended time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Rounds, s.Ended, s.Took = s.Rounds+1, ended, ended.Sub(began).Seconds()
	if err == nil {
		s.Error, s.Failing = "", time.Time{}
		return
	}
	s.Failures++
	if s.Failing.IsZero() {
		s.Failing = began
	}
	if s.Error != err.Error() { // the same error again says nothing new
		t.Log.Error("a task failed", "task", s.Name, "wing", s.Wing, "err", err)
	}
	s.Error = err.Error()
}

// All returns how every task is doing, by wing and name.
func (t *Tasks) All() []TaskStatus {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]TaskStatus, 0, len(t.all))
	for _, s := range t.all {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b TaskStatus) int { return cmp.Or(cmp.Compare(a.Wing, b.Wing), cmp.Compare(a.Name, b.Name)) })
	return out
}

// Findings names the tasks that have failed for a minute.
func (t *Tasks) Findings(now time.Time) []Finding {
	var out []Finding
	for _, s := range t.All() {
		if s.Failing.IsZero() || now.Sub(s.Failing) < failing {
			continue
		}
		out = append(out, Finding{
			Code: "task-failing", Severity: "warning", Title: "The task " + s.Name + " of " + s.Wing + " fails",
			Text:    fmt.Sprintf("%s It has failed %d times, and not gone well once, since %s: %s. It is tried again by itself; mend what the error names.", s.Does, s.Failures, s.Failing.UTC().Format(time.TimeOnly), s.Error),
			Subject: s.Wing + "/" + s.Name, Command: "fournines tasks", Since: s.Failing,
		})
	}
	return out
}

var (
	taskRounds   = prometheus.NewDesc("fournines_task_rounds_total", "Rounds of a background task that have ended.", []string{"wing", "task"}, nil)
	taskFailures = prometheus.NewDesc("fournines_task_failures_total", "Rounds of a background task that have failed.", []string{"wing", "task"}, nil)
	taskFailing  = prometheus.NewDesc("fournines_task_failing", "1 while a background task's newest round has failed.", []string{"wing", "task"}, nil)
)

// Describe implements prometheus.Collector.
func (*Tasks) Describe(out chan<- *prometheus.Desc) {
	out <- taskRounds
	out <- taskFailures
	out <- taskFailing
}

// Collect implements prometheus.Collector.
func (t *Tasks) Collect(out chan<- prometheus.Metric) {
	for _, s := range t.All() {
		bad := 0.0
		if s.Error != "" {
			bad = 1
		}
		out <- prometheus.MustNewConstMetric(taskRounds, prometheus.CounterValue, float64(s.Rounds), s.Wing, s.Name)
		out <- prometheus.MustNewConstMetric(taskFailures, prometheus.CounterValue, float64(s.Failures), s.Wing, s.Name)
		out <- prometheus.MustNewConstMetric(taskFailing, prometheus.GaugeValue, bad, s.Wing, s.Name)
	}
}
