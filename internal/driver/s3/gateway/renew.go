package gateway

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"
)

// certify issues the server's certificate, and a new one every day.
func certify(ctx context.Context, o Options, renewed chan<- struct{}) error {
	a, err := openAuthority(o.Dir, time.Now())
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return err
	}
	go func() {
		tick := time.NewTicker(serverRenewal)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				if err := a.issue(host, now); err != nil {
					fmt.Fprintln(os.Stderr, "the object store keeps its certificate, which lasts for a month:", err)
					continue
				}
				select {
				case renewed <- struct{}{}:
				default: // the last one was not taken up yet, and will find this one
				}
			}
		}
	}()
	return a.issue(host, time.Now())
}
