package fault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// look is how often a guard looks whether it shall end.
const look = 50 * time.Millisecond

// Guard injects the lease in the file at path, waits for its end, and takes it back.
// It is the whole life of a guard process. Killed and started again, it goes on.
func Guard(ctx context.Context, path string) error {
	l, err := readLease(path)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if l.State == ended {
		return nil
	}
	f, err := injection(l)
	if err == nil && l.State == "" {
		// Begun is on disk before the effect: a guard that is killed in between is
		// started again and takes back what there may be.
		l.State = begun
		if err = writeLease(dir, l); err == nil {
			err = f.inject(ctx)
		}
	} else if err == nil && time.Now().Before(l.Until) {
		err = f.inject(ctx) // a second life: what is broken already stays broken
	}
	if err == nil && f.lasts && l.State != active {
		l.State = active
		err = writeLease(dir, l)
	}
	if err == nil && f.lasts {
		hold(dir, l, f)
	}
	if f.revert != nil {
		err = errors.Join(err, f.revert(context.WithoutCancel(ctx)))
	}
	l.State = ended
	if err != nil {
		l.Error = err.Error()
	}
	return errors.Join(err, writeLease(dir, l))
}

func hold(dir string, l Lease, f fault) {
	for time.Now().Before(l.Until) {
		if _, err := os.Stat(endPath(dir, l.ID)); err == nil {
			return
		}
		if f.keep != nil {
			f.keep()
		}
		time.Sleep(look)
	}
}

// fault is what a guard does for one lease.
type fault struct {
	inject func(context.Context) error
	keep   func()                      // called while it holds, to keep it so
	revert func(context.Context) error // nil: nothing to take back
	lasts  bool                        // false: over as soon as it is injected
}

func injection(l Lease) (fault, error) {
	if err := l.Validate(time.Now()); err != nil {
		return fault{}, err
	}
	switch l.Kind {
	case ProcessKill:
		return fault{inject: l.kill}, nil
	case EtcdEmpty, KafkaEmpty:
		return l.emptying("data"), nil
	case RedisEmpty:
		return l.emptying("appendonlydir", "dump.rdb"), nil
	case PostgresBroken:
		return l.emptying("data/pg_wal/0000*"), nil
	case SmallDisk:
		return fault{inject: l.shrink, revert: l.unshrink, lasts: true}, nil
	case DiskFull:
		return fault{inject: func(context.Context) error { return l.fill() }, keep: func() { _ = l.fill() }, revert: l.unfill, lasts: true}, nil
	case ProcessFreeze, ZoneFreeze:
		return fault{inject: l.freeze, revert: l.thaw, lasts: true}, nil
	case PostmasterHang:
		return fault{inject: l.hang, revert: l.thaw, lasts: true}, nil
	case ZoneKill, RegionKill:
		return fault{inject: l.killZone, keep: l.keepDead, revert: func(context.Context) error { return clearDown(l) }, lasts: true}, nil
	case RegionPartition, RegionPartitionOut:
		// The lease itself is the cut: the network between regions reads it.
		return fault{inject: func(context.Context) error { return nil }, lasts: true}, nil
	case ZonePartition, ZonePartitionOut, ZoneLatency, ZoneLoss5:
		return networkFault(l)
	}
	return fault{}, fmt.Errorf("fault %s has no injection in this driver", l.Kind)
}

// readPostmaster returns the pid that a PostgreSQL data directory names as its postmaster.
func readPostmaster(data string) (int, error) {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, fmt.Errorf("find postmaster: %w", err)
	}
	var pid int
	if _, err := fmt.Sscan(strings.SplitN(string(b), "\n", 2)[0], &pid); err != nil || pid <= 0 {
		return 0, fmt.Errorf("find postmaster: %s/postmaster.pid has no pid", data)
	}
	return pid, nil
}
