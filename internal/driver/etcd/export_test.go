package etcd

import "context"

// JoinOnce is one try of [Join], for tests.
func JoinOnce(ctx context.Context, m Member, endpoints, after []string) (string, error) {
	c, err := Dial(endpoints)
	if err != nil {
		return "", err
	}
	defer c.Close() //nolint:errcheck // test
	return join(ctx, c, m, after)
}

// Readable is what a member asks of its directory before it starts, for tests.
func Readable(dir string) error { return readable(dir) }

// Local tells whether it says nothing about the directory, for tests.
func Local(err error) bool { return local(err) }
