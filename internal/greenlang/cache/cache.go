package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// ErrOpen is a call that was not made, because Redis failed too often just now.
var ErrOpen = errors.New("redis is left alone: five calls in a row failed")

// Options say where Redis is. Zero durations mean the default beside them.
type Options struct {
	Address      string        // host:port of the one listener that always leads to the master
	PasswordFile string        // read at every connect; empty: no password
	Timeout      time.Duration // of one call, default 50 ms
	Lifetime     time.Duration // of an entry, default 30 s
	Absence      time.Duration // how long it is remembered that something does not exist, default 5 s
	MostAbsent   int           // how many absences are remembered in that time, default 500

	// Observe, if set, is told how each call ended. Called concurrently.
	Observe func(error)
}

// Cache is one Redis. Its methods may be called concurrently.
type Cache struct {
	options Options
	dialing sync.Mutex // held while connecting
	mu      sync.Mutex // guards what follows
	client  rueidis.Client
	breaker Breaker
	absent  allowance
}

// Open prepares a Cache. It does not connect. Close it after use.
func Open(o Options) (*Cache, error) {
	if _, _, err := net.SplitHostPort(o.Address); err != nil {
		return nil, fmt.Errorf("read redis address %q: %w; give host:port", o.Address, err)
	}
	o.Timeout = cmp.Or(o.Timeout, 50*time.Millisecond)
	o.Lifetime = cmp.Or(o.Lifetime, 30*time.Second)
	o.Absence = cmp.Or(o.Absence, 5*time.Second)
	o.MostAbsent = cmp.Or(o.MostAbsent, 500)
	if o.Observe == nil {
		o.Observe = func(error) {}
	}
	return &Cache{options: o, absent: allowance{most: o.MostAbsent, window: o.Absence}}, nil
}

// Close ends the connection.
func (c *Cache) Close() { c.drop() }

// Open reports whether the breaker is open.
func (c *Cache) Open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.breaker.Open()
}

// Ping asks Redis whether it answers, through the breaker; for health checks.
func (c *Cache) Ping(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, r rueidis.Client) error { return r.Do(ctx, r.B().Ping().Build()).Error() })
}

// call makes one call within the timeout, if the breaker allows.
func (c *Cache) call(ctx context.Context, use func(context.Context, rueidis.Client) error) error {
	if !c.allowed() {
		return ErrOpen
	}
	return c.within(ctx, c.options.Timeout, use)
}

// within makes one call and notes its outcome. A missing key is an answer, not a failure.
func (c *Cache) within(ctx context.Context, timeout time.Duration, use func(context.Context, rueidis.Client) error) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	client, err := c.connected(limited)
	if err == nil {
		err = use(limited, client)
	}
	failed := err != nil && !rueidis.IsRedisNil(err)
	if failed && ctx.Err() != nil { // the caller left; that says nothing about Redis
		return err
	}
	c.record(!failed)
	if !failed {
		c.options.Observe(nil)
		return err
	}
	c.options.Observe(err)
	if answer, ok := rueidis.IsRedisErr(err); ok && answer.Error() != "" || c.Open() {
		c.drop() // demoted, loading, or hung: the listener may lead elsewhere by now
	}
	return err
}

func (c *Cache) allowed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.breaker.Allow(time.Now())
}

func (c *Cache) record(ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.breaker.Record(ok, time.Now())
}

func (c *Cache) current() rueidis.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.client
}

// connected returns the client, and connects if there is none. Who finds another
// one connecting does not wait for it: that is a miss.
func (c *Cache) connected(ctx context.Context) (rueidis.Client, error) {
	if r := c.current(); r != nil {
		return r, nil
	}
	if !c.dialing.TryLock() {
		return nil, errors.New("connect redis: under way")
	}
	defer c.dialing.Unlock()
	if r := c.current(); r != nil {
		return r, nil
	}
	r, err := c.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect redis: %w", err)
	}
	c.mu.Lock()
	c.client = r
	c.mu.Unlock()
	return r, nil
}

func (c *Cache) dial(ctx context.Context) (rueidis.Client, error) {
	o := rueidis.ClientOption{
		InitAddress: []string{c.options.Address}, ForceSingleClient: true, DisableCache: true, DisableRetry: true,
		AlwaysPipelining: true, Dialer: net.Dialer{Timeout: c.options.Timeout}, ConnWriteTimeout: time.Second,
		BlockingPoolSize: 1, PipelineMultiplex: 1, ClientSetInfo: rueidis.DisableClientSetInfo, ClientName: "greenlang",
	}
	if c.options.PasswordFile != "" {
		b, err := os.ReadFile(c.options.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("read password: %w", err)
		}
		o.Password = strings.TrimRight(string(b), "\r\n")
	}
	return dialWithin(ctx, o)
}

// dialWithin bounds the whole handshake: the library bounds only its parts.
func dialWithin(ctx context.Context, o rueidis.ClientOption) (rueidis.Client, error) {
	type result struct {
		client rueidis.Client
		err    error
	}
	done := make(chan result)
	go func() {
		r, err := rueidis.NewClient(o)
		select {
		case done <- result{r, err}:
		case <-ctx.Done():
			if err == nil {
				r.Close()
			}
		}
	}()
	select {
	case r := <-done:
		return r.client, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *Cache) drop() {
	c.mu.Lock()
	old := c.client
	c.client = nil
	c.mu.Unlock()
	if old != nil {
		go old.Close() // waits for calls in flight, which end within their timeout
	}
}
