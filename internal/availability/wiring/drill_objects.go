package wiring

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wait"
)

// objectClient writes objects the way an application does: at the end of a customer's request,
// in the region that served it. So objects wait where requests do.
type objectClient struct {
	layout   place.Layout
	secrets  place.Secrets
	platform DrillPlatform
	requests drill.Writer
	region   string // where it counts; empty: where the home is served

	mu      sync.Mutex // guards what follows
	stores  map[string]*s3.Store
	serving string
}

// drillObjects returns the object stores of a home as applications reach them; nil where
// none are replicated.
func drillObjects(l place.Layout, secrets place.Secrets, p DrillPlatform, requests drill.Writer) availability.ObjectPlatform {
	if l.ObjectPartner(p.Region) == "" {
		return nil
	}
	return &objectClient{layout: l, secrets: secrets, platform: p, requests: requests, stores: map[string]*s3.Store{}}
}

// Objects implements availability.MovePlatform.
func (p DrillPlatform) Objects() availability.ObjectPlatform { return p.Store }

func (c *objectClient) store(region string) (*s3.Store, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.stores[region]; s != nil {
		return s, nil
	}
	s, err := assign.OpenObjects(c.layout, c.secrets, region, 1)
	if err == nil {
		c.stores[region] = s
	}
	return s, err
}

// where returns the region that serves the home; while nobody can say, the last that is known.
func (c *objectClient) where(ctx context.Context) (string, error) {
	var all client.Items[door.Home]
	err := c.platform.Client.Call(ctx, http.MethodGet, "/v1/homes", "", nil, &all)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range all.Items {
		if h.Region == c.platform.Region {
			c.serving = h.Serving
		}
	}
	if c.serving == "" {
		return "", errors.Join(fmt.Errorf("it is not known which region serves %s", c.platform.Region), err)
	}
	return c.serving, nil
}

// drillPrefix begins the keys of drills' objects.
const drillPrefix = "drill/"

// Write implements drill.Writer.
func (c *objectClient) Write(ctx context.Context, key string) error {
	if err := c.requests.Write(ctx, key+"-request"); err != nil {
		return err
	}
	region, err := c.where(ctx)
	if err != nil {
		return err
	}
	s, err := c.store(region)
	if err != nil {
		return err
	}
	_, err = s.Put(ctx, drillPrefix+key, strings.NewReader(strings.Repeat(key+"\n", 40)), s3.PutOptions{IfAbsent: true})
	return err
}

// Count implements drill.Writer.
func (c *objectClient) Count(ctx context.Context, keys []string) (map[string]int, error) {
	region := c.region
	if region == "" {
		var err error
		if region, err = c.where(ctx); err != nil {
			return nil, err
		}
	}
	s, err := c.store(region)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, k := range keys {
		_, err := s.Head(ctx, drillPrefix+k, "")
		switch {
		case err == nil:
			out[k] = 1
		case !errors.Is(err, s3.ErrNotFound):
			return nil, err
		}
	}
	return out, nil
}

// In implements availability.ObjectPlatform.
func (c *objectClient) In(region string) drill.Writer {
	return &objectClient{layout: c.layout, secrets: c.secrets, platform: c.platform, region: region, stores: map[string]*s3.Store{}}
}

// Put implements availability.ObjectPlatform.
func (c *objectClient) Put(ctx context.Context, region, key, body string, metadata map[string]string) error {
	s, err := c.store(region)
	if err == nil {
		_, err = s.Put(ctx, key, strings.NewReader(body), s3.PutOptions{Metadata: metadata, Plain: true})
	}
	return err
}

// Get implements availability.ObjectPlatform.
func (c *objectClient) Get(ctx context.Context, region, key string) (body string, metadata map[string]string, ok bool, err error) {
	s, err := c.store(region)
	if err != nil {
		return "", nil, false, err
	}
	o, err := s.Get(ctx, key, "")
	if errors.Is(err, s3.ErrNotFound) {
		return "", nil, false, nil
	}
	if err != nil {
		return "", nil, false, err
	}
	b, err := io.ReadAll(o.Body)
	return string(b), o.Metadata, true, errors.Join(err, o.Body.Close())
}

// Settled implements availability.ObjectPlatform.
func (c *objectClient) Settled(ctx context.Context, t time.Time) error {
	for {
		var l client.Items[door.ObjectMirror]
		if err := again(ctx, func() error {
			return c.platform.Client.Call(ctx, http.MethodGet, "/v1/objects/mirrors", "", nil, &l)
		}); err != nil {
			return err
		}
		behind := ""
		for _, m := range l.Items {
			ours := m.From == c.platform.Region || m.To == c.platform.Region
			if whole := time.Now().Add(-time.Duration(m.LagSeconds * float64(time.Second))); ours && (m.LagSeconds < 0 || whole.Before(t)) {
				behind = fmt.Sprintf("objects %s → %s are %.1f s and %d versions behind %s", m.From, m.To, m.LagSeconds, m.Objects, m.Detail)
			}
		}
		if behind == "" {
			return nil
		}
		if wait.Sleep(ctx, 200*time.Millisecond); ctx.Err() != nil {
			return fmt.Errorf("%s: %w", strings.TrimSpace(behind), ctx.Err())
		}
	}
}
