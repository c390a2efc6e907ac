package pgwire

import "encoding/binary"

// maxMessage is PostgreSQL's bound for one message.
const maxMessage = 1 << 30

// scanner finds the messages in a stream that arrives in arbitrary pieces.
type scanner struct {
	head [5]byte
	have int // bytes of head
	left int // bytes of the body still to come
	last byte
	bad  bool
}

// feed takes the next piece and calls done for each message that ends in it,
// with its type and the last byte of its body (0 without one).
func (s *scanner) feed(p []byte, done func(kind, last byte)) {
	for len(p) > 0 && !s.bad {
		if s.have < len(s.head) {
			n := copy(s.head[s.have:], p)
			s.have += n
			p = p[n:]
			if s.have == len(s.head) {
				s.begin(done)
			}
			continue
		}
		n := min(s.left, len(p))
		s.last = p[n-1]
		s.left -= n
		p = p[n:]
		if s.left == 0 {
			s.end(done)
		}
	}
}

func (s *scanner) begin(done func(kind, last byte)) {
	size := binary.BigEndian.Uint32(s.head[1:])
	if size < 4 || size > maxMessage {
		s.bad = true
		return
	}
	s.left, s.last = int(size)-4, 0
	if s.left == 0 {
		s.end(done)
	}
}

func (s *scanner) end(done func(kind, last byte)) {
	s.have = 0
	done(s.head[0], s.last)
}

// between says whether the stream stands between two messages.
func (s *scanner) between() bool { return !s.bad && s.have == 0 }
