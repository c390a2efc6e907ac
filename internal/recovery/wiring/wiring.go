package wiring

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/recovery"
	"github.com/greenlang/fournines/internal/schedule"
	"github.com/greenlang/fournines/internal/wing"
)

// lookEvery is the time between two looks at a region's repository.
const lookEvery = 30 * time.Second

// Wiring is the recovery wing in a house.
type Wiring struct {
	house *wing.House

	mu      sync.Mutex             // guards what follows
	regions map[string]*repository // that were asked for
}

// New returns the wing, and its wiring for the door.
func New(h *wing.House) (*Wiring, wing.Wing) {
	w := &Wiring{house: h, regions: map[string]*repository{}}
	return w, wing.Wing{
		Name: "recovery", Entries: recovery.EntryKinds(), Fold: recovery.Fold,
		Actions:   recovery.Backups{Clusters: w, Wishes: wishes{h}, Now: h.Now, Patience: time.Minute}.Kinds(),
		Decide:    w.decide,
		Tasks:     w.tasks(),
		Schedules: w.schedules(),
		Findings:  w.findings,
		Metrics:   []prometheus.Collector{metrics{w}},
	}
}

// wishes is the state as the core uses it; the house has none until the server leads.
type wishes struct{ house *wing.House }

// Append implements recovery.Wishes.
func (w wishes) Append(ctx context.Context, entries ...journal.Entry) (uint64, error) {
	return w.house.State.Append(ctx, entries...)
}

// Get implements recovery.Wishes.
func (w wishes) Get(key string, v any) (bool, error) { return w.house.State.Get(key, v) }

func (w *Wiring) tasks() []wing.Task {
	var out []wing.Task
	for _, name := range w.house.Layout.Regions {
		out = append(out, wing.Task{Name: "repository-" + name, Does: "Reads which backups of " + name + " are there, and whether the log behind them has a gap.", Every: lookEvery, Do: func(ctx context.Context) error { return w.round(ctx, name) }})
	}
	return out
}

// schedules are the backups of each region that runs here. In a region that follows another one
// they find nothing to do. The full of 02:00 stands for that hour's incremental.
func (w *Wiring) schedules() []schedule.Schedule {
	var out []schedule.Schedule
	for _, region := range w.house.Layout.Regions {
		backup := func(kind string) func(time.Time) (control.Action, error) {
			return func(time.Time) (control.Action, error) { return recovery.NewBackup("", region, kind) }
		}
		out = append(out,
			schedule.Schedule{Name: "backup-full-" + region, Does: "Makes a full backup of " + region + "/postgres.", Cron: "0 2 * * *", Zone: "UTC", Jitter: scheduleJitter, Longest: recovery.Longest, Do: backup(recovery.KindFull)},
			schedule.Schedule{Name: "backup-incremental-" + region, Does: "Makes an incremental backup of " + region + "/postgres.", Cron: "0 0-1,3-23 * * *", Zone: "UTC", Jitter: scheduleJitter, Longest: time.Hour, Do: backup(recovery.KindIncremental)},
		)
	}
	return out
}

// scheduleJitter keeps the regions from being backed up all at once.
const scheduleJitter = 5 * time.Minute

// views are what is known of every region that runs here.
func (w *Wiring) views() ([]recovery.View, error) {
	var out []recovery.View
	for _, name := range w.house.Layout.Regions {
		v, err := w.View(name)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (w *Wiring) decide(now time.Time) ([]control.Action, error) {
	views, err := w.views()
	if err != nil {
		return nil, err
	}
	return recovery.Decide(views, now)
}

func (w *Wiring) findings(now time.Time) ([]evidence.Finding, error) {
	views, err := w.views()
	if err != nil {
		return nil, err
	}
	return recovery.Findings(views, now), nil
}

// Restorables answers for every region that runs here.
func (w *Wiring) Restorables(now time.Time) ([]recovery.Restorable, error) {
	views, err := w.views()
	out := []recovery.Restorable{}
	for _, v := range views {
		out = append(out, recovery.RestorableOf(v, now))
	}
	return out, err
}

// repository returns that of a region, a NoneOfError where the region does not run here.
func (w *Wiring) repository(region string) (*repository, error) {
	if err := w.house.Layout.RunsRegion(region); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r, known := w.regions[region]
	if !known {
		r = &repository{house: w.house, region: region}
		w.regions[region] = r
	}
	return r, nil
}

// round is one round of the task that reads a region's repository.
func (w *Wiring) round(ctx context.Context, region string) error {
	r, err := w.repository(region)
	if err != nil || r.lacks() != "" { // the view says what lacks
		return err
	}
	_, err = r.look(ctx)
	return err
}
