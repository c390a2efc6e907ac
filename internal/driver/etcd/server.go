package etcd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/config"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/etcdhttp"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.uber.org/zap"
)

// Server is a member that dials the others from an address of its own: all members know one
// URL of each, so what lies between two of them is told by who dials. Package embed sets
// that address only where it is not on loopback (InferLocalAddr of 3.7.3), so this starts
// what embed starts, with embed's own defaults.
type Server struct {
	*etcdserver.EtcdServer
	peers, clients net.Listener
	failed         chan error
	close          []func() // in this order
}

// Err receives why the server serves no more, whoever has ended it.
func (s *Server) Err() <-chan error { return s.failed }

// Place is where a server stands in its network.
type Place struct {
	Listen string // URL that it serves peers on; empty: the one that they know
	From   string // IP that it dials peers from; empty: any
}

// knownWithin bounds how long a cluster's members may take to hear of one that has joined.
const knownWithin = 20 * time.Second

// Open starts the member at its place and waits until it serves. One that has just joined
// asks the others who belongs to the cluster, and one of them may not have heard of it yet
// ("member count is unequal"): then it is started again for a while.
func Open(ctx context.Context, m Member, at Place) (*Server, error) {
	joins := m.Existing && !Begun(m.Dir)
	for began := time.Now(); ; {
		s, err := open(ctx, m, at)
		if err == nil {
			return s, nil
		}
		s.Close()
		if !joins || Begun(m.Dir) || time.Since(began) > knownWithin || !again(ctx) {
			return nil, fmt.Errorf("start etcd %s: %w", m.Name, err)
		}
	}
}

func open(ctx context.Context, m Member, at Place) (*Server, error) {
	s := &Server{failed: make(chan error, 3)}
	c, err := m.config()
	if err != nil {
		return s, err
	}
	if at.Listen != "" {
		u, err := url.Parse(at.Listen)
		if err != nil {
			return s, err
		}
		c.ListenPeerUrls = []url.URL{*u}
	}
	if err := c.Validate(); err != nil {
		return s, err
	}
	s.peers, err = transport.NewListenerWithOpts(c.ListenPeerUrls[0].Host, "http", transport.WithTimeout(rafthttp.ConnReadTimeout, rafthttp.ConnWriteTimeout))
	if err != nil {
		return s, err
	}
	s.close = append(s.close, func() { _ = s.peers.Close() })
	if s.clients, err = (&net.ListenConfig{}).Listen(ctx, "tcp", c.ListenClientUrls[0].Host); err != nil {
		return s, err
	}
	s.close = append(s.close, func() { _ = s.clients.Close() })
	sc := serverConfig(c)
	sc.LocalAddress, sc.PeerTLSInfo.LocalAddr = at.From, at.From
	if !Begun(m.Dir) {
		if sc.InitialPeerURLsMap, sc.InitialClusterToken, err = c.PeerURLsMapAndToken("etcd"); err != nil {
			return s, err
		}
	}
	if s.EtcdServer, err = etcdserver.NewServer(sc); err != nil {
		return s, err
	}
	return s, s.serve(ctx, c.GetLogger())
}

// serverConfig is what embed gives a server by a configuration such as ours.
func serverConfig(c *embed.Config) config.ServerConfig {
	return config.ServerConfig{
		Name: c.Name, DataDir: c.Dir, ClientURLs: c.AdvertiseClientUrls, PeerURLs: c.AdvertisePeerUrls, NewCluster: c.IsNewCluster(),
		SnapshotCount: c.SnapshotCount, SnapshotCatchUpEntries: c.SnapshotCatchUpEntries, MaxSnapFiles: c.MaxSnapFiles, MaxWALFiles: c.MaxWalFiles,
		TickMs: c.TickMs, ElectionTicks: c.ElectionTicks(), InitialElectionTickAdvance: c.InitialElectionTickAdvance, PreVote: c.PreVote,
		AutoCompactionMode: c.AutoCompactionMode, AutoCompactionRetention: compactEvery, QuotaBackendBytes: c.QuotaBackendBytes, BackendFreelistType: "hashmap",
		MaxTxnOps: c.MaxTxnOps, MaxRequestBytes: c.MaxRequestBytes, MaxConcurrentStreams: c.MaxConcurrentStreams, MaxLearners: c.MaxLearners, StrictReconfigCheck: c.StrictReconfigCheck,
		AuthToken: c.AuthToken, BcryptCost: c.BcryptCost, TokenTTL: c.AuthTokenTTL, CORS: c.CORS, HostWhitelist: c.HostWhitelist,
		CorruptCheckTime: c.CorruptCheckTime, CompactHashCheckTime: c.CompactHashCheckTime, DowngradeCheckTime: c.DowngradeCheckTime,
		CompactionBatchLimit: c.CompactionBatchLimit, CompactionSleepInterval: c.CompactionSleepInterval, WatchProgressNotifyInterval: c.WatchProgressNotifyInterval,
		WarningApplyDuration: c.WarningApplyDuration, WarningUnaryRequestDuration: c.WarningUnaryRequestDuration,
		Logger: c.GetLogger(), Metrics: c.Metrics, ServerFeatureGate: c.ServerFeatureGate, V2Deprecation: c.V2DeprecationEffective(),
	}
}

var errStopped = errors.New("etcd has stopped")

// closeFor bounds how long the end of a server waits for those who ask it.
const closeFor = time.Second

// serve serves members at once and clients when the server has its place among them.
func (s *Server) serve(ctx context.Context, log *zap.Logger) error {
	s.Start()
	h := &http.Server{Handler: etcdhttp.NewPeerHandler(log, s.EtcdServer), ReadTimeout: 5 * time.Minute, ErrorLog: zap.NewStdLog(zap.NewNop())}
	go func() { s.failed <- fmt.Errorf("serve etcd's peers: %w", h.Serve(s.peers)) }()
	go func() {
		<-s.StopNotify()
		s.failed <- errStopped
	}()
	s.close = append([]func(){s.Stop, func() { // members are served until it has stopped, as embed does
		ctx, cancel := context.WithTimeout(context.Background(), closeFor)
		defer cancel()
		if h.Shutdown(ctx) != nil { // it waits for streams, and these have no end
			_ = h.Close()
		}
	}}, s.close...)
	select {
	case <-s.ReadyNotify():
	case err := <-s.failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
	g := v3rpc.Server(s.EtcdServer, nil, nil)
	go func() {
		if err := g.Serve(s.clients); err != nil { // nil: it was ended
			s.failed <- fmt.Errorf("serve etcd's clients: %w", err)
		}
	}()
	s.close = append([]func(){func() {
		end := time.AfterFunc(closeFor, g.Stop) // watches have no end
		g.GracefulStop()
		end.Stop()
	}}, s.close...)
	return nil
}

// Close stops serving, and then the server.
func (s *Server) Close() {
	for _, end := range s.close {
		end()
	}
	s.close = nil
}
