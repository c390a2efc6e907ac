package cache

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/rueidis"
)

const rateKept = 3 * time.Minute

func rateKey(customer string, minute time.Time) string {
	return "gl:rate:" + customer + ":" + strconv.FormatInt(minute.Unix()/60, 10)
}

// CountRun adds one to the customer's runs of the minute that now is in.
func (c *Cache) CountRun(ctx context.Context, customer string, now time.Time) {
	_ = c.call(ctx, func(ctx context.Context, r rueidis.Client) error { // observed; rates are information, not accounts
		key := rateKey(customer, now)
		for _, res := range r.DoMulti(ctx, r.B().Incr().Key(key).Build(), r.B().Expire().Key(key).Seconds(int64(rateKept.Seconds())).Build()) {
			if err := res.Error(); err != nil {
				return err
			}
		}
		return nil
	})
}

// RunsInMinute returns how many runs were counted for the customer in the minute
// that now is in; known is false when Redis is away.
func (c *Cache) RunsInMinute(ctx context.Context, customer string, now time.Time) (runs int64, known bool) {
	err := c.call(ctx, func(ctx context.Context, r rueidis.Client) (err error) {
		runs, err = r.Do(ctx, r.B().Get().Key(rateKey(customer, now)).Build()).AsInt64()
		return err
	})
	return runs, err == nil || rueidis.IsRedisNil(err)
}
