package gateway

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"

	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"

	"github.com/greenlang/fournines/internal/driver/s3/feed"
)

// Region is what clients sign their requests for.
const Region = "us-east-1"

// Gateway is a running store. There can be one in a process, whose working directory it changes.
type Gateway struct {
	done chan struct{}
	err  error
}

// Start serves S3 until ctx ends. It returns when requests are answered, or with the reason why they are not.
func Start(ctx context.Context, o Options) (*Gateway, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	h, err := claim(o.Dir)
	if err != nil {
		return nil, err
	}
	be, err := open(o, h.crashed)
	if err != nil {
		return nil, errors.Join(err, h.release(false))
	}
	ctx, cancel := context.WithCancel(ctx)
	renewed := make(chan struct{}, 1)
	if o.TLS {
		if err := certify(ctx, o, renewed); err != nil {
			cancel()
			return nil, errors.Join(err, h.release(false))
		}
	}
	ready := make(chan struct{})
	g := &Gateway{done: make(chan struct{})}
	go func() {
		defer close(g.done)
		defer cancel()
		err := embedgw.RunVersityGW(ctx, keyed{be}, config(o, renewed, func() { close(ready) }))
		if err != nil {
			err = fmt.Errorf("serve objects on %s from %s: %w", o.Listen, o.Dir, err)
		}
		g.err = errors.Join(err, h.release(err == nil))
	}()
	select {
	case <-ready:
		if o.Ready != nil {
			o.Ready()
		}
		return g, nil
	case <-g.done:
		if g.err == nil { // ctx ended first
			g.err = fmt.Errorf("serve objects from %s: %w", o.Dir, context.Cause(ctx))
		}
		return nil, g.err
	}
}

// Wait returns when the store has ended, with the reason if nobody asked for it.
func (g *Gateway) Wait() error {
	<-g.done
	return g.err
}

func open(o Options, crashed bool) (*backend, error) {
	for _, dir := range []string{o.objects(), o.versions()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make object store: %w", err)
		}
	}
	m := &marks{of: map[string]underWay{}}
	attributes, sidecar, err := storer(o, m)
	if err != nil {
		return nil, err
	}
	po := posix.PosixOpts{VersioningDir: o.versions(), IOBufferSize: bufferBytes}
	po.SetNewDirPerm(0o700)
	po.SetNewFilePerm(0o600)
	if sidecar {
		po.SideCarDir = o.sidecar()
	}
	p, err := posix.New(o.objects(), attributes, po)
	if err != nil {
		return nil, fmt.Errorf("open object store in %s: %w", o.Dir, err)
	}
	be := &backend{Posix: p, objects: o.objects(), versions: o.versions(), attributes: attributes, sidecar: sidecar, locks: locks{seed: maphash.MakeSeed()}, feeds: feeds{dir: o.changes(), of: map[string]*feed.Feed{}}, marks: m}
	if crashed {
		if err := be.sweep(); err != nil {
			return nil, err
		}
	}
	return be, nil
}

func config(o Options, renewed <-chan struct{}, ready func()) *embedgw.Config {
	c := &embedgw.Config{
		RootUserAccess: o.AccessKey, RootUserSecret: o.SecretKey, Region: Region, Ports: []string{o.Listen},
		MaxConnections: maxConnections, MaxRequests: maxRequests, MultipartMaxParts: maxParts,
		KeepAlive: true, Quiet: true, SigHup: renewed, S3Options: []s3api.Option{s3api.WithOnListen(ready)},
	}
	if o.TLS {
		c.CertFile, c.KeyFile = filepath.Join(o.Dir, serverFile), filepath.Join(o.Dir, serverKey)
	}
	return c
}
