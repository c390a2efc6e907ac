package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/whole"
)

const (
	// AuthorityFile is, in the store's directory, the certificate that clients trust.
	AuthorityFile = "ca.pem"

	authorityKey   = "ca.key"
	serverFile     = "server.pem"
	serverKey      = "server.key"
	authorityLife  = 10 * 365 * 24 * time.Hour
	serverLife     = 30 * 24 * time.Hour
	serverRenewal  = 24 * time.Hour
	clockTolerance = time.Hour // of clients that are behind
)

// authority signs the server's certificates. Its key never leaves the directory.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// openAuthority reads the directory's authority, or makes it where there is none.
func openAuthority(dir string, now time.Time) (*authority, error) {
	a := &authority{dir: dir}
	key, err := readPEM(filepath.Join(dir, authorityKey))
	if errors.Is(err, fs.ErrNotExist) {
		return a, a.make(now)
	}
	if err != nil {
		return nil, err
	}
	if a.key, err = x509.ParseECPrivateKey(key); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, authorityKey), err)
	}
	der, err := readPEM(filepath.Join(dir, AuthorityFile))
	if errors.Is(err, fs.ErrNotExist) { // killed between the two files: nobody trusts it yet
		return a, a.make(now)
	}
	if err != nil {
		return nil, err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, AuthorityFile), err)
	}
	if now.After(a.cert.NotAfter.Add(-serverLife)) {
		return nil, fmt.Errorf("the authority %s ends on %s; move it and its key away, start again, and give clients the new one",
			filepath.Join(dir, AuthorityFile), a.cert.NotAfter.Format(time.DateOnly))
	}
	return a, nil
}

func (a *authority) make(now time.Time) error {
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: "fournines objects authority"}, NotBefore: now.Add(-clockTolerance), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	der, err := sign(t, t, key, key)
	if err != nil {
		return err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return fmt.Errorf("make authority: %w", err)
	}
	a.key = key
	return keep(a.dir, authorityKey, AuthorityFile, key, der)
}

// issue writes a new certificate of the server for host.
func (a *authority) issue(host string, now time.Time) error {
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: "fournines objects"}, NotBefore: now.Add(-clockTolerance), NotAfter: now.Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	// Also an address is a name: pgBackRest looks for it among the names alone.
	t.DNSNames = []string{host}
	if ip := net.ParseIP(host); ip != nil {
		t.IPAddresses = []net.IP{ip}
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	der, err := sign(t, a.cert, key, a.key)
	if err != nil {
		return err
	}
	return keep(a.dir, serverKey, serverFile, key, der)
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return key, nil
}

func sign(t, parent *x509.Certificate, key, by *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make serial number: %w", err)
	}
	t.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, by)
	if err != nil {
		return nil, fmt.Errorf("sign certificate of %s: %w", t.Subject.CommonName, err)
	}
	return der, nil
}

// keep writes the key before its certificate, each in one step and for the owner alone.
func keep(dir, keyName, certName string, key *ecdsa.PrivateKey, der []byte) error {
	b, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("render key: %w", err)
	}
	return errors.Join(
		whole.Write(filepath.Join(dir, keyName), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: b}), 0o600),
		whole.Write(filepath.Join(dir, certName), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
}

func readPEM(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read certificate authority: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("read certificate authority: %s is not PEM", path)
	}
	return block.Bytes, nil
}
