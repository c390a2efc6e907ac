package table

import "crypto/sha256"

// WithFault lets single operations on the store's directory fail: fault is asked with
// "create", "write", "sync", "rename", "named" (renamed, not yet durable) or "remove".
func (s *Store) WithFault(fault func(op, path string) error) *Store {
	s.disk = disk{fault: fault}
	return s
}

// FileName is the name that a store gives these bytes.
func FileName(first, next uint64, b []byte) string {
	sum := sha256.Sum256(b)
	return span{first, next}.file(digest(sum[:16]))
}
