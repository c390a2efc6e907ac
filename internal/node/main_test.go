package node_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/greenlang/fournines/internal/driver/job"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/platformtest/leaks"
)

// The test's binary is also the runner of a job, and a node whose server is away.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "job-run" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		end(job.Run(ctx, os.Args[2]))
	}
	if len(os.Args) == 3 && os.Args[1] == "node" {
		n := node.New(node.Config{Dir: os.Args[2], Host: node.Host{UID: -1, GID: -1}, Server: away{}, Log: slog.New(slog.DiscardHandler), Runner: runner()})
		end(n.Run(context.Background()))
	}
	leaks.Main(m)
}

func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runner() []string { return []string{os.Args[0], "job-run"} }

// away is a server that nobody reaches.
type away struct{}

var errAway = errors.New("the server is away")

func (away) Assignment(context.Context, string) (node.Assignment, error) {
	return node.Assignment{}, errAway
}
func (away) Post(context.Context, fact.Node) error { return errAway }
