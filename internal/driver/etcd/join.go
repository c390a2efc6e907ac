package etcd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// askFor bounds one question to a cluster's members, retryEvery is the time between two.
const (
	askFor     = 3 * time.Second
	retryEvery = 250 * time.Millisecond
)

// Begun tells whether the member in dir has been part of a cluster: then it starts from
// what it has, whatever else it is told.
func Begun(dir string) bool {
	yes, _ := begun(dir) // who must tell the difference asks begun
	return yes
}

// begun is [Begun]; an error says that nobody could look, which is not the same as nothing.
func begun(dir string) (bool, error) {
	list, err := os.ReadDir(filepath.Join(dir, "member", "wal"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return len(list) > 0, err
}

// Dial returns a client of the members at these URLs, which goes on to the next one when
// one is silent.
func Dial(endpoints []string) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{
		Endpoints: endpoints, DialTimeout: DialTimeout, Logger: zap.NewNop(),
		DialKeepAliveTime: time.Second, DialKeepAliveTimeout: time.Second, // a member that is cut off is left soon
	})
}

// Join makes the running cluster at these URLs expect the member m, and returns m as it
// starts then. A member of that name that has lost its directory is replaced. It is tried
// until it works or ctx ends.
//
// Members join one after another, those with the peer URLs in after before this one: etcd
// refuses a second learner, but takes the refused one for a member when it reads its log
// again (seen in 3.7.3).
func Join(ctx context.Context, m Member, endpoints, after []string) (Member, error) {
	c, err := Dial(endpoints)
	if err != nil {
		return m, fmt.Errorf("join etcd: %w", err)
	}
	defer c.Close() //nolint:errcheck // nothing is lost
	for {
		cluster, err := join(ctx, c, m, after)
		if err == nil {
			m.Cluster, m.Existing = cluster, true
			return m, nil
		}
		if !again(ctx) {
			return m, fmt.Errorf("join etcd %s: %w", m.Name, errors.Join(err, ctx.Err()))
		}
	}
}

func join(ctx context.Context, c *clientv3.Client, m Member, after []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	list, err := c.MemberList(ctx)
	if err != nil {
		return "", err
	}
	members := list.Members
	for _, x := range members {
		if x.IsLearner && !at(m.Peer)(x) {
			return "", errors.New("another member is joining")
		}
	}
	for _, peer := range after {
		if !slices.ContainsFunc(members, at(peer)) {
			return "", fmt.Errorf("the member at %s joins first", peer)
		}
	}
	if i := slices.IndexFunc(members, at(m.Peer)); i >= 0 && members[i].Name != "" {
		// It took part, and its directory is empty: what it has promised is forgotten, so
		// it must not vote as the one that it was.
		removed, err := c.MemberRemove(ctx, members[i].ID)
		if err != nil {
			return "", err
		}
		members = removed.Members
	}
	if !slices.ContainsFunc(members, at(m.Peer)) {
		added, err := c.MemberAddAsLearner(ctx, []string{m.Peer})
		if err != nil {
			return "", err
		}
		members = added.Members
	}
	var cluster []string
	for _, x := range members {
		name := x.Name
		if slices.Contains(x.PeerURLs, m.Peer) {
			name = m.Name
		}
		for _, url := range x.PeerURLs {
			cluster = append(cluster, name+"="+url)
		}
	}
	return strings.Join(cluster, ","), nil
}

func at(peer string) func(*etcdserverpb.Member) bool {
	return func(x *etcdserverpb.Member) bool { return slices.Contains(x.PeerURLs, peer) }
}

// Promote gives a member that has joined its vote, once it has caught up.
func Promote(ctx context.Context, peer string, endpoints []string) error {
	c, err := Dial(endpoints)
	if err != nil {
		return fmt.Errorf("promote etcd member: %w", err)
	}
	defer c.Close() //nolint:errcheck // nothing is lost
	for {
		done, err := promote(ctx, c, peer)
		if done {
			return nil
		}
		if !again(ctx) {
			return fmt.Errorf("promote etcd member %s: %w", peer, errors.Join(err, ctx.Err()))
		}
	}
}

func promote(ctx context.Context, c *clientv3.Client, peer string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	list, err := c.MemberList(ctx)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(list.Members, at(peer))
	if i < 0 {
		return false, errors.New("the cluster does not know it")
	}
	if !list.Members[i].IsLearner {
		return true, nil
	}
	_, err = c.MemberPromote(ctx, list.Members[i].ID)
	return err == nil, err
}

func again(ctx context.Context) bool {
	t := time.NewTimer(retryEvery)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
