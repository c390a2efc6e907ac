// Package command is the command line of the embedded object store, a program of its own.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
)

// Exit codes, as the other programs have them.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

const about = `fournines-objects serves S3 with versioning and object lock from a directory.

Usage: fournines-objects --dir DIR --listen HOST:PORT --credentials-file FILE [--tls]

With --tls its certificate is signed by an authority of its own, DIR/` + gateway.AuthorityFile + `, which clients trust.

`

// Run serves until ctx ends, and returns the exit code.
func Run(ctx context.Context, args []string, errw io.Writer) int {
	o, credentials, err := parse(args, errw)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(errw, "fournines-objects:", err) //nolint:errcheck // nobody is left to tell
		return exitUsage
	}
	if err := serve(ctx, o, credentials, slog.New(slog.NewJSONHandler(errw, nil))); err != nil {
		fmt.Fprintln(errw, "fournines-objects:", err) //nolint:errcheck // nobody is left to tell
		return exitFailed
	}
	return exitOK
}

func parse(args []string, errw io.Writer) (o gateway.Options, credentials string, err error) {
	f := flag.NewFlagSet("fournines-objects", flag.ContinueOnError)
	f.SetOutput(io.Discard) // the error itself is printed once, by Run
	f.StringVar(&o.Dir, "dir", "", "`directory` of everything that is stored; made when missing")
	f.StringVar(&o.Listen, "listen", "", "`HOST:PORT` to serve on")
	f.BoolVar(&o.TLS, "tls", false, "serve HTTPS")
	f.BoolVar(&o.Sidecar, "sidecar", false, "keep attributes in files also where the file system could hold them")
	f.StringVar(&credentials, "credentials-file", "", "shared credentials `file` with the keys of the one account; nobody but its owner may read it")
	err = f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(errw, about) //nolint:errcheck // nobody is left to tell
		f.SetOutput(errw)
		f.PrintDefaults()
	case err != nil:
	case f.NArg() > 0:
		err = fmt.Errorf("unknown argument %q; see --help", f.Arg(0))
	case o.Dir == "" || o.Listen == "" || credentials == "":
		err = errors.New("--dir, --listen and --credentials-file are required; see --help")
	}
	return o, credentials, err
}

func serve(ctx context.Context, o gateway.Options, credentials string, log *slog.Logger) error {
	keys, err := s3.LoadCredentials(credentials)
	if err != nil {
		return err
	}
	o.AccessKey, o.SecretKey = keys.AccessKey, keys.SecretKey
	o.Ready = func() {
		log.Info("serving objects", "dir", o.Dir, "listen", o.Listen, "tls", o.TLS, "pid", os.Getpid())
	}
	g, err := gateway.Start(ctx, o)
	if err != nil {
		return err
	}
	return g.Wait()
}
