package cert

import "crypto/tls"

// TLS returns how the edge speaks TLS with the store's certificates: 1.3, and 1.2 with
// forward secrecy and authenticated encryption alone, which is also what HTTP/2 asks for
// (RFC 8446; RFC 9113, section 9.2). HTTP/2 is preferred by ALPN (RFC 7301).
func (s *Store) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{ // of 1.2; those of 1.3 are not configurable, nor need they be
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.table.Load().get(hello)
		},
	}
}
