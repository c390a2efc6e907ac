package fact

import "time"

// Redis is one region's Redis with its Sentinels.
type Redis struct {
	Cluster   string          `json:"cluster"` // REGION/redis
	At        time.Time       `json:"at"`
	Nodes     []RedisNode     `json:"nodes"`
	Sentinels []RedisSentinel `json:"sentinels"`
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
	Replicas int       `json:"replicas"` // good replicas, on a master
}

// RedisSentinel is one Sentinel's view.
type RedisSentinel struct {
	ID     string    `json:"id"`
	Seen   time.Time `json:"seen"`
	Error  string    `json:"error,omitempty"`
	Master string    `json:"master"` // address it would send clients to
	Epoch  int64     `json:"epoch"`
	Quorum string    `json:"quorum"` // the answer to CKQUORUM, "OK …" when enough are there
	Down   bool      `json:"down"`   // it sees the master as down
	Tilt   bool      `json:"tilt"`   // its clock jumped; it is blind for a while
}
