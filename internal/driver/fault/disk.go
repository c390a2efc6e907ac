package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/process"
)

// smallDisk is the size of the disk that shrink gives to a server: room for a small database
// and its write-ahead log.
const smallDisk = "512m"

func (l Lease) data() string { return filepath.Join(l.home(), "data") }

// shrink mounts an empty disk where the unit has its data, and kills the unit, which comes
// back without any and gets it from the others. What was there goes: a machine that starts
// again must not find an old copy where a newer one was acknowledged.
func (l Lease) shrink(ctx context.Context) error {
	own, err := l.ownDisk()
	if err != nil {
		return err
	}
	if !own {
		if err := l.swap(); err != nil {
			return fmt.Errorf("give %s a disk of its own: %w", l.home(), err)
		}
	}
	if _, err := os.Stat(l.lost()); errors.Is(err, fs.ErrNotExist) {
		return nil // an earlier life of this guard has done the rest
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := process.KillUnit(ctx, l.home()); err != nil {
		return err
	}
	return l.forget(ctx)
}

// swap puts the new disk in the place of the unit's data.
func (l Lease) swap() error {
	var was unix.Stat_t
	if err := unix.Stat(l.data(), &was); err != nil {
		return fmt.Errorf("look at %s: %w", l.data(), err)
	}
	if err := os.MkdirAll(l.fresh(), 0o700); err != nil {
		return err
	}
	options := fmt.Sprintf("size=%s,mode=0700,uid=%d,gid=%d", smallDisk, was.Uid, was.Gid)
	if err := unix.Mount("fournines", l.fresh(), "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return fmt.Errorf("mount it: %w", err)
	}
	return errors.Join(
		os.Rename(l.data(), l.lost()), os.Mkdir(l.data(), 0o700), os.Chown(l.data(), int(was.Uid), int(was.Gid)),
		unix.Mount(l.fresh(), l.data(), "", unix.MS_MOVE, ""), os.Remove(l.fresh()),
	)
}

// fresh is where the new disk is mounted before it takes the place of the data.
func (l Lease) fresh() string { return l.home() + ".disk-" + l.ID }

// unshrink takes the disk away with what is on it; the unit gets its data from the others once
// more.
func (l Lease) unshrink(ctx context.Context) error {
	_ = unix.Unmount(l.fresh(), unix.MNT_DETACH) // of a life of the guard that ended between two steps
	_ = os.Remove(l.fresh())
	own, err := l.ownDisk()
	if err != nil || !own {
		return errors.Join(err, l.forget(ctx))
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := l.unmount(ctx); err != nil {
		return err
	}
	return l.forget(ctx)
}

// unmount kills what works on the disk and takes the disk away. The node starts the unit again at
// once, so that both are tried until nobody is in between: a server that lost its disk under its
// feet would live on, out of sight.
func (l Lease) unmount(ctx context.Context) error {
	for {
		if _, err := process.KillUnit(ctx, l.home()); err != nil {
			return err
		}
		err := unix.Unmount(l.data(), 0)
		if !errors.Is(err, unix.EBUSY) || ctx.Err() != nil {
			return err
		}
	}
}

// ownDisk tells whether the unit's data is on a disk that its zone does not use.
func (l Lease) ownDisk() (bool, error) {
	var data unix.Stat_t
	if err := unix.Stat(l.data(), &data); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("look at %s: %w", l.data(), err)
	}
	return l.apart(data)
}

// apart tells whether a file is on another disk than the unit's zone.
func (l Lease) apart(of unix.Stat_t) (bool, error) {
	var zone unix.Stat_t
	if err := unix.Stat(l.Zone, &zone); err != nil {
		return false, fmt.Errorf("look at %s: %w", l.Zone, err)
	}
	return of.Dev != zone.Dev, nil
}

// ballast is what fills a disk. It is beside the unit's files, where its owner may remove it
// with them.
func (l Lease) ballast() string { return filepath.Join(l.data(), "fournines-ballast") }

// fill takes all that is left of the unit's own disk. It asks the open file which disk that is:
// one that is taken away meanwhile takes the file with it.
func (l Lease) fill() error {
	f, err := os.OpenFile(l.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if errors.Is(err, unix.ENOSPC) {
		return nil
	} else if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // nobody reads it
	var is unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &is); err != nil {
		return fmt.Errorf("look at %s: %w", f.Name(), err)
	}
	if apart, err := l.apart(is); err != nil || !apart {
		return errors.Join(err, os.Remove(f.Name()), fmt.Errorf("%s shares its disk with others, which would fail as well: give it one of its own first with the fault %s", l.home(), SmallDisk))
	}
	chunk := make([]byte, 1<<20)
	for n := len(chunk); n > 0; {
		if _, err := f.Write(chunk[:n]); errors.Is(err, unix.ENOSPC) {
			n /= 2 // what is left is less than this
		} else if err != nil {
			return fmt.Errorf("fill the disk of %s: %w", l.home(), err)
		}
	}
	return nil
}

func (l Lease) unfill(context.Context) error {
	if err := os.Remove(l.ballast()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
