package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// question is an A query for api.greenlang.test. with a client subnet; its id and the
// three octets of the network are put in for each query.
var question = []byte("\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01" + "\x03api\x09greenlang\x04test\x00\x00\x01\x00\x01" +
	"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x0b\x00\x08\x00\x07\x00\x01\x18\x00\x00\x00\x00")

// counted is what became of the queries.
type counted struct{ answered, lost atomic.Int64 }

// load sends queries from sockets that each have a window of them under way.
func load(address string, o options, queries int) (*counted, error) {
	var c counted
	errs := make(chan error, o.clients)
	for i := range o.clients {
		share := queries / o.clients
		if i < queries%o.clients {
			share++
		}
		go func() { errs <- ask(address, i, o.window, share, &c) }()
	}
	var all []error
	for range o.clients {
		all = append(all, <-errs)
	}
	return &c, errors.Join(all...)
}

// ask keeps a window of queries under way and checks each answer: its id, no error, and
// one address.
func ask(address string, seed, window, queries int, c *counted) error {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	q := append([]byte(nil), question...)
	in := make([]byte, 2048)
	sent, open := 0, 0
	for done := 0; done < queries; {
		for ; open < window && sent < queries; open, sent = open+1, sent+1 {
			binary.BigEndian.PutUint16(q, uint16(sent))
			at := client((sent*7 + seed*131) % rows)
			copy(q[len(q)-3:], at[:])
			if _, err := conn.Write(q); err != nil {
				return err
			}
		}
		if open == window || sent == queries { // one deadline for many answers
			if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
				return err
			}
		}
		for range max(1, open/2) {
			n, err := conn.Read(in)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				c.lost.Add(int64(open))
				done, open = done+open, 0
				break
			}
			if err != nil {
				return err
			}
			if n < 12+len("api.greenlang.test")+6+16 || in[3]&15 != 0 || binary.BigEndian.Uint16(in[6:]) != 1 {
				return fmt.Errorf("read answer: %x is not one address", in[:n])
			}
			c.answered.Add(1)
			done, open = done+1, open-1
		}
	}
	return nil
}
