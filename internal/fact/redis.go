package fact

import (
	"slices"
	"time"
)

// Redis is one region's Redis with its Sentinels.
type Redis struct {
	Cluster   string          `json:"cluster"` // REGION/redis
	At        time.Time       `json:"at"`
	Nodes     []RedisNode     `json:"nodes"`
	Sentinels []RedisSentinel `json:"sentinels"`
	Drift     time.Time       `json:"drift,omitzero"` // since when a server or a Sentinel differs from what is declared; zero: none does
}

// Drifted sets Drift by what the servers and Sentinels say of their settings.
func (r *Redis) Drifted(now time.Time) {
	differ := slices.ContainsFunc(r.Nodes, func(n RedisNode) bool { return len(n.Differs) > 0 }) ||
		slices.ContainsFunc(r.Sentinels, func(s RedisSentinel) bool { return len(s.Differs) > 0 })
	r.Drift = Since(r.Drift, differ, now)
}

// Since returns since when something is so that was so since before, or was not: zero.
func Since(before time.Time, is bool, now time.Time) time.Time {
	switch {
	case !is:
		return time.Time{}
	case before.IsZero():
		return now
	}
	return before
}

// RedisNode is one Redis server as it answers.
type RedisNode struct {
	ID       string    `json:"id"`
	Address  string    `json:"address"`
	Seen     time.Time `json:"seen"`
	Error    string    `json:"error,omitempty"`
	Role     string    `json:"role"`             // master or slave
	Master   string    `json:"master,omitempty"` // address a replica follows
	LinkUp   bool      `json:"link_up"`
	Offset   int64     `json:"offset"`
	Replicas int       `json:"replicas"`          // good replicas, on a master
	Differs  []string  `json:"differs,omitempty"` // which of its declared settings somebody has changed, in words
}

// RedisSentinel is one Sentinel's view.
type RedisSentinel struct {
	ID      string    `json:"id"`
	Seen    time.Time `json:"seen"`
	Error   string    `json:"error,omitempty"`
	Master  string    `json:"master"` // address it would send clients to
	Epoch   int64     `json:"epoch"`
	Quorum  string    `json:"quorum"`            // the answer to CKQUORUM, "OK …" when enough are there
	Down    bool      `json:"down"`              // it sees the master as down
	Tilt    bool      `json:"tilt"`              // its clock jumped; it is blind for a while
	Differs []string  `json:"differs,omitempty"` // which of its declared settings somebody has changed, in words
}
