package gateway

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
)

// Options say where the objects live and who may reach them.
type Options struct {
	Dir       string // everything of this store; made with mode 0700
	Listen    string // HOST:PORT
	AccessKey string
	SecretKey string
	TLS       bool // with a certificate of the directory's own authority, see [AuthorityFile]
	// Sidecar keeps attributes in files even where the file system could hold them. A
	// directory that was begun so stays so.
	Sidecar bool
	// Ready is called once requests are answered; it may be nil.
	Ready func()
}

// The bounds of one store. A request holds one buffer of bufferBytes.
const (
	maxConnections = 1024
	maxRequests    = 256
	maxParts       = 10_000 // S3's own bound
	bufferBytes    = 256 << 10
)

func (o *Options) check() error {
	dir, err := filepath.Abs(o.Dir)
	switch {
	case o.Dir == "":
		return errors.New("start object store: no directory; name one with --dir")
	case err != nil:
		return fmt.Errorf("start object store in %s: %w", o.Dir, err)
	case o.AccessKey == "" || o.SecretKey == "":
		return fmt.Errorf("start object store in %s: no access key or no secret key; name a file with both with --credentials-file", o.Dir)
	}
	if _, port, err := net.SplitHostPort(o.Listen); err != nil || port == "0" || port == "" {
		return fmt.Errorf("start object store in %s: --listen %q is not HOST:PORT with a fixed port", o.Dir, o.Listen)
	}
	o.Dir = dir
	return nil
}

// The parts of a store's directory.
func (o *Options) objects() string  { return filepath.Join(o.Dir, "objects") }
func (o *Options) versions() string { return filepath.Join(o.Dir, "versions") }
func (o *Options) sidecar() string  { return filepath.Join(o.Dir, "sidecar") }
func (o *Options) changes() string  { return filepath.Join(o.Dir, "changes") }
