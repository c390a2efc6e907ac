package etcd

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/namespace"
	"go.uber.org/zap"

	"github.com/greenlang/fournines/internal/spec"
)

// External returns a client of somebody else's etcd, which sees only the keys below the prefix.
func External(e spec.ExternalEtcd, prefix string) (*clientv3.Client, error) {
	config := clientv3.Config{Endpoints: e.Endpoints, DialTimeout: DialTimeout, Logger: zap.NewNop(), MaxCallSendMsgSize: externalBytes}
	if e.CAFile != "" || e.CertificateFile != "" {
		t := &tls.Config{MinVersion: tls.VersionTLS12}
		if e.CAFile != "" {
			pem, err := os.ReadFile(e.CAFile)
			if err != nil {
				return nil, fmt.Errorf("read the authority of etcd: %w", err)
			}
			if t.RootCAs = x509.NewCertPool(); !t.RootCAs.AppendCertsFromPEM(pem) {
				return nil, errors.New("read the authority of etcd: " + e.CAFile + " holds no certificate in PEM")
			}
		}
		if e.CertificateFile != "" {
			pair, err := tls.LoadX509KeyPair(e.CertificateFile, e.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("read the client's certificate for etcd: %w", err)
			}
			t.Certificates = []tls.Certificate{pair}
		}
		config.TLS = t
	}
	c, err := clientv3.New(config)
	if err != nil {
		return nil, fmt.Errorf("reach etcd at %v: %w", e.Endpoints, err)
	}
	c.KV, c.Watcher, c.Lease = namespace.NewKV(c.KV, prefix), namespace.NewWatcher(c.Watcher, prefix), namespace.NewLease(c.Lease, prefix)
	return c, nil
}

// externalBytes bounds what is sent at once: a group of entries and its frame.
const externalBytes = 12 << 20
