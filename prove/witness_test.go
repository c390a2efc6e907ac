//go:build prove

package prove

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/greenlang/fournines/internal/app"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/platformtest"
)

// witness asks every member, directly and never through the edge, to commit a write,
// and keeps each acknowledgement with the timeline it was given on.
type witness struct {
	password string

	mu   sync.Mutex // guards acks
	acks []Ack

	stop context.CancelFunc
	wg   sync.WaitGroup
}

// The rhythm of a witness, for each member.
const (
	askEvery = 50 * time.Millisecond
	askLimit = time.Second // a member that is frozen answers nothing
)

func (r *region) witness(ctx context.Context) *witness {
	w := &witness{password: r.secrets.Probe}
	ctx, w.stop = context.WithCancel(ctx)
	for _, z := range r.zones() {
		address := r.layout.Address(platformtest.Region, z, app.Postgres)
		w.wg.Go(func() { w.watch(ctx, z, address) })
	}
	return w
}

func (w *witness) watch(ctx context.Context, member, address string) {
	t := time.NewTicker(askEvery)
	defer t.Stop()
	for {
		begun := time.Now()
		if timeline, err := w.ask(ctx, member, address); err == nil {
			w.mu.Lock()
			w.acks = append(w.acks, Ack{member, timeline, begun, time.Now()})
			w.mu.Unlock()
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// ask commits one write. A replica refuses it; a primary whose standbys have gone over
// to another waits for them in vain.
func (w *witness) ask(ctx context.Context, member, address string) (timeline uint32, err error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	config, err := pgx.ParseConfig("postgres://" + address + "/?sslmode=disable&application_name=witness&default_query_exec_mode=simple_protocol")
	if err != nil {
		return 0, fmt.Errorf("ask %s: %w", address, err)
	}
	config.User, config.Password, config.Database = patroni.ProbeUser, w.password, "postgres"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return 0, fmt.Errorf("ask %s: %w", address, err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the answer is known
	var hex string
	err = conn.QueryRow(ctx, `INSERT INTO fournines.heartbeat VALUES ($1, now()) ON CONFLICT (observer) DO UPDATE SET at = EXCLUDED.at
		RETURNING substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)`, "witness-"+member).Scan(&hex)
	if err != nil {
		return 0, fmt.Errorf("write to %s: %w", address, err)
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	return uint32(n), err
}

// end stops asking and returns every acknowledgement.
func (w *witness) end() []Ack {
	w.stop()
	w.wg.Wait()
	return w.acks
}

// newer tells whether anybody has acknowledged a write on a newer timeline than the first seen.
func (w *witness) newer() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Timelines(w.acks) > 1
}
