package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// The lives of certificates. They are issued anew when a third is left.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	skew          = time.Hour // by which a client's clock may be behind
)

// Authority issues certificates. Its files are CertFile and a key beside it.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  time.Time
}

// CertFile is the file, in the authority's directory, that clients trust.
const CertFile = "ca.pem"

const keyFile = "ca.key"

// Open reads the authority in dir, or makes it where there is none for the zone or the
// one there is soon ends. Clients must then be given the new one.
func Open(dir, zone string, now time.Time) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the certificate is for everybody, the key has its own mode
		return nil, fmt.Errorf("make directory of the certificate authority: %w", err)
	}
	a := &Authority{now: now}
	cert, err := readCert(filepath.Join(dir, CertFile))
	if err == nil && fresh(cert, now) && len(cert.PermittedDNSDomains) > 0 && cert.PermittedDNSDomains[0] == zone {
		key, err := readKey(filepath.Join(dir, keyFile))
		if err != nil {
			return nil, fmt.Errorf("open certificate authority: %w; remove %s to have a new one made", err, filepath.Join(dir, CertFile))
		}
		if key.PublicKey.Equal(cert.PublicKey) { // else a crash came between the two
			a.cert, a.key = cert, key
			return a, public(dir)
		}
	}
	if err := a.create(dir, zone); err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	return a, public(dir)
}

// public lets everybody read the certificate, also where a crash came before that.
func public(dir string) error {
	return os.Chmod(filepath.Join(dir, CertFile), 0o644) //nolint:gosec // it is for everybody
}

func (a *Authority) create(dir, zone string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "fournines " + zone, SerialNumber: a.now.UTC().Format("20060102")},
		NotBefore: a.now.Add(-skew), NotAfter: a.now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{zone, "localhost"},
		PermittedIPRanges: []*net.IPNet{network("127.0.0.0/8"), network("10.0.0.0/8")},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	a.key = key
	secret, err := encodeKey(key)
	if err != nil {
		return err
	}
	if err := durable.Replace(durable.OS{}, filepath.Join(dir, keyFile), secret); err != nil {
		return err
	}
	return durable.Replace(durable.OS{}, filepath.Join(dir, CertFile), encodeCert(der))
}

func network(s string) *net.IPNet {
	_, n, err := net.ParseCIDR(s)
	if err != nil {
		panic(err) // a constant
	}
	return n
}

// fresh says whether more than a third of a certificate's life is left.
func fresh(c *x509.Certificate, now time.Time) bool {
	return now.After(c.NotBefore) && c.NotAfter.Sub(now) > c.NotAfter.Sub(c.NotBefore)/3
}
