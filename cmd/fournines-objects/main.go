// Command fournines-objects serves S3 with object lock from a directory, for machines
// that have no S3 of their own.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/greenlang/fournines/internal/driver/s3/gateway/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command.Run(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}
