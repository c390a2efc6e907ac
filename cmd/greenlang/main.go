// Command greenlang is GreenLang's registry, the platform's reference
// application: what runs in every zone, and the load of every drill.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	err := root().ExecuteContext(ctx)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "greenlang:", err)
	if _, ok := errors.AsType[usageError](err); ok {
		os.Exit(2) //nolint:gocritic // the process ends, and what it waited for with it
	}
	os.Exit(1)
}
