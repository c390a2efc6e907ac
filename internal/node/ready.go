package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// check asks the unit once whether it serves.
func (r Ready) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	switch {
	case r.HTTP != "":
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.HTTP, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close() //nolint:errcheck // nothing was written
		if resp.StatusCode/100 != 2 {
			return fmt.Errorf("%s answers %s", r.HTTP, resp.Status)
		}
	case r.TCP != "":
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", r.TCP)
		if err != nil {
			return err
		}
		return c.Close()
	}
	return nil
}
