package config

import "path/filepath"

// TLS names the certificates of an edge (RFC 8446). Their keys are in no configuration.
type TLS struct {
	// Certificates are chosen from by the name that a client asks for; the first is for
	// clients that ask for none of their names.
	Certificates []Certificate `json:"certificates"`
}

// Certificate is a certificate with its chain, and its key, as PEM files on the edge's
// machine. They are read again when they change; the same file may hold both.
type Certificate struct {
	CertFile string `json:"certFile"`
	KeyFile  string `json:"keyFile"`
}

func (v *validator) tls(c *Config) {
	if c.TLS == nil {
		return
	}
	if len(c.TLS.Certificates) == 0 {
		v.add("tls: it names no certificate: name at least one, or leave tls out")
	}
	for _, f := range c.TLS.Certificates {
		for _, path := range []string{f.CertFile, f.KeyFile} {
			if !filepath.IsAbs(path) {
				v.add("tls: file %q is no absolute path", path)
			}
		}
	}
}
