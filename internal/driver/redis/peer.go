package redis

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"
)

// peer is another server of the cluster.
type peer struct {
	address string
	answers bool // and has loaded what it has
	master  bool
	keys    int64         // as many as it has
	offset  int64         // of what it has seen of the replication; 0: it has what was on its disk
	apart   time.Duration // since it has been linked to a master; 0 of a master, and of one that is linked
}

// peer asks another server for its role and for what it has.
func (l *Looker) peer(ctx context.Context, address string) peer {
	p := peer{address: address}
	c, err := l.client(address)
	if err != nil {
		return p
	}
	text, err := c.Do(ctx, c.B().Info().Build()).ToString()
	if err != nil {
		l.drop(address)
		return p
	}
	return readPeer(address, text)
}

// readPeer reads INFO.
func readPeer(address, text string) peer {
	f := fields(text)
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(f[name], 10, 64) // absent: 0
		return n
	}
	p := peer{address: address, answers: f["role"] != "" && f["loading"] != "1", master: f["role"] == "master", keys: keysOf(f)}
	if p.master {
		p.offset = number("master_repl_offset")
	} else {
		p.offset = number("slave_repl_offset")
		p.apart = max(0, time.Duration(number("master_link_down_since_seconds"))*time.Second) // -1: it never was
	}
	return p
}

// keysOf counts the keys of all databases in INFO.
func keysOf(info map[string]string) (n int64) {
	for k, v := range info {
		if of, found := strings.CutPrefix(v, "keys="); found && strings.HasPrefix(k, "db") {
			of, _, _ = strings.Cut(of, ",")
			keys, _ := strconv.ParseInt(of, 10, 64) // Redis writes a number
			n += keys
		}
	}
	return n
}

// ask asks the other servers and the Sentinels.
func (s Start) ask(ctx context.Context, l *Looker, f *startFacts) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var peers sync.WaitGroup
	f.peers = make([]peer, len(s.Peers))
	for i, address := range s.Peers {
		peers.Go(func() { f.peers[i] = l.peer(ctx, address) })
	}
	named := make(chan string, len(s.Sentinels))
	for _, address := range s.Sentinels {
		go func() {
			x := l.Sentinel(ctx, address, address, time.Now)
			if x.Error != "" {
				x.Master = ""
			}
			named <- x.Master
		}()
	}
	votes := map[string]int{}
	for range s.Sentinels {
		votes[<-named]++
	}
	for address, n := range votes {
		if address != "" && 2*n > len(s.Sentinels) {
			f.named = address
		}
	}
	peers.Wait()
}
