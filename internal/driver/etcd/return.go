package etcd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/greenlang/fournines/internal/driver/aside"
)

// ready returns m as it may start. A member whose directory is empty or unreadable has
// forgotten what it voted for, so it must not come back as the one that it was: with a
// member that lags it could form a majority that has lost writes. It is replaced by a new
// member of the same name, which the others must agree to, and which votes once it has
// caught up. While they do not answer it waits.
//
// Only the cluster's very first start needs nobody: then there is no mark yet, and no other
// member knows a cluster.
func (m Member) ready(ctx context.Context) (Member, error) {
	if len(m.Others) == 0 {
		return m, nil
	}
	began, err := begun(m.Dir)
	broken := errors.Join(err, readable(m.Dir))
	if local(broken) { // it says nothing about the data
		return m, fmt.Errorf("look at the data of etcd %s, which stays as it is: %w", m.Name, broken)
	}
	if began && broken == nil {
		return m, nil
	}
	for {
		took, err := m.tookPart(ctx)
		switch {
		case err == nil && broken != nil:
			if err := m.setAside(broken); err != nil {
				return m, err
			}
			return Join(ctx, m, m.Others, nil)
		case err == nil && took:
			return Join(ctx, m, m.Others, nil)
		case err == nil, broken == nil && !m.marked():
			return m, nil // it starts for the first time
		case broken != nil:
			return m, nil //nolint:nilerr // nobody could replace it, so it tries what it has
		}
		if !again(ctx) {
			return m, fmt.Errorf("etcd %s has lost its data, and waits for the others: %w", m.Name, err)
		}
	}
}

// tookPart asks most of the members whether the cluster has begun, and is not about to begin
// with m for the first time.
func (m Member) tookPart(ctx context.Context) (bool, error) {
	c, err := Dial(m.Others)
	if err != nil {
		return false, err
	}
	defer c.Close() //nolint:errcheck // nothing is lost
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	list, err := c.MemberList(ctx) // a linearizable read, so most of them answer
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(list.Members, at(m.Peer))
	// All members of a first start know the names of each other, and tell where they serve once
	// they do. One that was added later has no name until it starts.
	first := i >= 0 && list.Members[i].Name != "" && len(list.Members[i].ClientURLs) == 0
	return !first, nil
}

// setAside keeps what cannot be read.
func (m Member) setAside(why error) error {
	at, err := aside.Move(m.Dir+".broken", m.Dir)
	if err != nil {
		return fmt.Errorf("etcd %s cannot read its data: %w; %w", m.Name, why, err)
	}
	fmt.Fprintf(os.Stderr, "etcd %s cannot read its data, which is now in %s: %v\n", m.Name, at, why)
	return nil
}

func (m Member) marked() bool {
	_, err := os.Stat(m.Mark)
	return m.Mark != "" && !errors.Is(err, fs.ErrNotExist)
}

func (m Member) lay() error {
	if m.Mark == "" {
		return nil
	}
	if err := os.WriteFile(m.Mark, nil, 0o600); err != nil {
		return fmt.Errorf("remember that etcd %s has begun: %w", m.Name, err)
	}
	return nil
}
