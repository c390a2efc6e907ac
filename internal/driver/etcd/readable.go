package etcd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"go.etcd.io/etcd/server/v3/storage/backend"
	"go.etcd.io/etcd/server/v3/storage/datadir"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// readable says why a member could not start from its directory; nil: it could, or there is
// nothing. It only reads: etcd's own verification also compares the database with the log's
// commit index, which lags behind after a kill. An error that is [local] proves no damage.
func readable(dir string) (err error) {
	if began, err := begun(dir); !began {
		return err
	}
	said := &lastError{LevelEnabler: zapcore.ErrorLevel}
	defer func() {
		if r := recover(); r != nil { // etcd panics where it did not expect damage
			err = errors.Join(fmt.Errorf("%v", r), said.err)
		}
	}()
	log := zap.New(said)
	logs := datadir.ToWALDir(dir)
	snapshots, err := wal.ValidSnapshotEntries(log, logs)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	if len(snapshots) == 0 {
		return errors.New("read the log: it does not say where it begins")
	}
	if _, err := wal.Verify(log, logs, snapshots[len(snapshots)-1]); err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	db := datadir.ToBackendFileName(dir)
	if _, err := os.Stat(db); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return backend.NewDefaultBackend(log, db).Close()
}

// local tells whether an error came from the system, which could not open or read a file: of a
// moment without descriptors, memory, room or permission, or of a disk. What files hold never
// causes one.
func local(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno)
}

// lastError keeps the error of the last entry that had one: etcd panics with its words alone.
type lastError struct {
	zapcore.LevelEnabler
	err error
}

func (l *lastError) With([]zapcore.Field) zapcore.Core { return l }

func (l *lastError) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if l.Enabled(e.Level) {
		return c.AddCore(e, l)
	}
	return c
}

func (l *lastError) Write(_ zapcore.Entry, fields []zapcore.Field) error {
	for _, f := range fields {
		if err, ok := f.Interface.(error); ok {
			l.err = err
		}
	}
	return nil
}

func (l *lastError) Sync() error { return nil }
