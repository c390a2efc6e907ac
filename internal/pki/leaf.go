package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"slices"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// Ensure keeps a certificate for names (wildcards and addresses among them) with its key
// in one PEM file, and says whether it issued it anew.
func (a *Authority) Ensure(file string, names []string) (issued bool, err error) {
	var dns []string
	var ips []net.IP
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			ips = append(ips, ip.To4())
		} else {
			dns = append(dns, name)
		}
	}
	if old, err := readCert(file); err == nil && fresh(old, a.now) && old.CheckSignatureFrom(a.cert) == nil &&
		slices.Equal(old.DNSNames, dns) && slices.EqualFunc(old.IPAddresses, ips, net.IP.Equal) {
		if _, err := readKey(file); err == nil {
			return false, nil
		}
	}
	if err := a.issue(file, dns, ips); err != nil {
		return false, fmt.Errorf("issue certificate %s: %w", file, err)
	}
	return true, nil
}

func (a *Authority) issue(file string, dns []string, ips []net.IP) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: dns[0]}, DNSNames: dns, IPAddresses: ips,
		NotBefore: a.now.Add(-skew), NotAfter: a.now.Add(leafLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return err
	}
	secret, err := encodeKey(key)
	if err != nil {
		return err
	}
	return durable.Replace(durable.OS{}, file, append(encodeCert(der), secret...))
}
