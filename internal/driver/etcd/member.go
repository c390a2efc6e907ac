package etcd

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// Member is one etcd server of a cluster.
type Member struct {
	Name    string
	Dir     string
	Client  string // URL it serves clients on
	Peer    string // URL it serves peers on
	Cluster string // NAME=PEER-URL,… of all members
	Token   string // names the cluster, so that members of two never mix

	Others     []string // client URLs of the other members; see [Run]
	Mark       string   // file that [Run] lays once the member has begun, so that it knows when it has lost its data
	Existing   bool     // the cluster runs already, and expects this member
	MaxRequest uint     // bytes of one request; 0: etcd's 1.5 MiB
}

// compactEvery is how much of its history a member keeps.
const compactEvery = time.Hour

func (m Member) config() (*embed.Config, error) {
	client, err1 := url.Parse(m.Client)
	peer, err2 := url.Parse(m.Peer)
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("bad address %q or %q", m.Client, m.Peer)
	}
	c := embed.NewConfig()
	c.Name, c.Dir = m.Name, m.Dir
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	c.InitialCluster, c.InitialClusterToken = m.Cluster, m.Token
	if m.Existing {
		c.ClusterState = embed.ClusterStateFlagExisting
	}
	if m.MaxRequest > 0 {
		c.MaxRequestBytes = m.MaxRequest
	}
	c.LogLevel = "warn"
	c.AutoCompactionMode, c.AutoCompactionRetention = "periodic", compactEvery.String()
	// Milliseconds. Heartbeats follow each other without waiting for their answers, so a round
	// trip only delays them; a vote and the one before it take two. With 250 ms between regions
	// that is half of a timeout, and a heartbeat that is lost and sent again still comes in
	// time. Less would not survive a path of 500 ms; more would outlast the lease of 4 s by
	// which a server leads, while etcd elects.
	c.TickMs, c.ElectionMs = 100, 1000
	return c, nil
}

// Start starts the member and waits until it serves.
func Start(ctx context.Context, m Member) (*embed.Etcd, error) {
	c, err := m.config()
	if err != nil {
		return nil, fmt.Errorf("start etcd %s: %w", m.Name, err)
	}
	e, err := embed.StartEtcd(c)
	if err != nil {
		return nil, fmt.Errorf("start etcd %s: %w", m.Name, err)
	}
	select {
	case <-e.Server.ReadyNotify():
		return e, nil
	case err := <-e.Err():
		e.Close()
		return nil, fmt.Errorf("start etcd %s: %w", m.Name, err)
	case <-ctx.Done():
		e.Close()
		return nil, fmt.Errorf("start etcd %s: %w", m.Name, ctx.Err())
	}
}

// Run serves until ctx ends. A member that has lost its data, or cannot read it, comes back as
// a new one once the others agree (row 7.1.4).
func Run(ctx context.Context, m Member) error {
	// The first start of a cluster waits for the other members, so it has no deadline of its own.
	m, err := m.ready(ctx)
	var e *embed.Etcd
	if err == nil {
		e, err = Start(ctx, m)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer e.Close()
	if len(m.Others) > 0 {
		if err := m.lay(); err != nil {
			return err
		}
		promoted := make(chan struct{})
		ctx, cancel := context.WithCancel(ctx)
		go func() {
			defer close(promoted)
			_ = Promote(ctx, m.Peer, m.Others) // it goes on until it works: an earlier life may have left this, too
		}()
		defer func() {
			cancel()
			<-promoted
		}()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-e.Err():
		return fmt.Errorf("serve etcd %s: %w", m.Name, err)
	}
}

// DialTimeout bounds the first connection of a client.
const DialTimeout = 2 * time.Second
