package pgbackrest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Create makes the stanza in the repository, and does nothing where it is there:
// [ErrOtherCluster], [ErrPassphrase], [ErrDatabase]. The server must run.
func (e Engine) Create(ctx context.Context) error {
	own, err := System(e.Data)
	if err != nil {
		return &Error{Command: "stanza-create", Stanza: e.Stanza, Err: err}
	}
	if _, err := e.run(ctx, "stanza-create", "warn", nil); err != nil {
		return err
	}
	r, err := e.Info(ctx)
	if err != nil {
		return fmt.Errorf("read the stanza back: %w", err)
	}
	if len(r.Clusters) == 0 {
		return e.unproved("stanza-create", "the stanza names no cluster")
	}
	if newest := r.Clusters[len(r.Clusters)-1]; newest.System != own {
		return &Error{Command: "stanza-create", Stanza: e.Stanza, Kind: ErrOtherCluster, Text: fmt.Sprintf("the stanza is of system %d, and %s holds system %d", newest.System, e.Data, own)}
	}
	return nil
}

// System reads the identifier of the cluster whose data directory dir is.
func System(dir string) (uint64, error) {
	path := filepath.Join(dir, "global", "pg_control")
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("read which cluster is in %s: %w", dir, err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	var b [8]byte
	if _, err := io.ReadFull(f, b[:]); err != nil {
		return 0, fmt.Errorf("read which cluster is in %s: %w", dir, err)
	}
	id := binary.NativeEndian.Uint64(b[:]) // as the server of this host wrote it
	if id == 0 {
		return 0, fmt.Errorf("read which cluster is in %s: %w", dir, errors.New("pg_control names none"))
	}
	return id, nil
}
