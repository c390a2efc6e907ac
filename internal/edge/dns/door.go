package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/accept"
)

// Bounds for one address: idle connections must not keep other clients away for long (RFC
// 7766, 6.2).
const (
	mostConns   = 1024
	mostSockets = 16
	tcpIdle     = 8 * time.Second
	tcpPatience = 2 * time.Second // for a message that has begun, and for an answer to be taken
)

// door is one address, over UDP and TCP.
type door struct {
	udp []*net.UDPConn
	tcp net.Listener
	wg  sync.WaitGroup

	open context.Context // ends when the door is closed
	shut context.CancelFunc

	mu    sync.Mutex // guards what follows
	conns map[net.Conn]struct{}
}

// open binds an address for UDP and TCP, also where another edge of this machine has it:
// the address is an anycast address then, and the kernel sends each client to one of
// them. Each processor has a UDP socket of its own.
func open(address string) (*door, error) {
	shared := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		cerr := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		return errors.Join(err, cerr)
	}}
	d := &door{conns: map[net.Conn]struct{}{}}
	d.open, d.shut = context.WithCancel(context.Background())
	for range min(runtime.GOMAXPROCS(0), mostSockets) {
		c, err := shared.ListenPacket(context.Background(), "udp", address)
		if err != nil {
			d.close()
			return nil, err
		}
		udp, ok := c.(*net.UDPConn)
		if !ok {
			return nil, errors.Join(errors.New("this system's UDP sockets are of another kind"), c.Close())
		}
		_ = udp.SetReadBuffer(4 << 20) // bursts; the system may grant less
		d.udp = append(d.udp, udp)
	}
	var err error
	if d.tcp, err = shared.Listen(context.Background(), "tcp", address); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *door) serve(s *Server) {
	for _, c := range d.udp {
		d.wg.Go(func() { s.packets(c) })
	}
	d.wg.Go(func() {
		accept.Loop{Log: s.opt.Logger, Failed: s.opt.Descriptors.Saw}.Run(d.open, d.tcp, func(c net.Conn) {
			if !d.enter(c) {
				_ = c.Close()
				return
			}
			d.wg.Go(func() {
				defer d.leave(c)
				s.stream(c)
			})
		})
	})
}

func (d *door) enter(c net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open.Err() != nil || len(d.conns) >= mostConns {
		return false
	}
	d.conns[c] = struct{}{}
	return true
}

func (d *door) leave(c net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, c)
	_ = c.Close()
}

// close ends everything of the door and waits for it.
func (d *door) close() {
	d.mu.Lock()
	d.shut()
	for c := range d.conns {
		_ = c.Close()
	}
	d.mu.Unlock()
	for _, c := range d.udp {
		_ = c.Close()
	}
	if d.tcp != nil {
		_ = d.tcp.Close()
	}
	d.wg.Wait()
}

// stream answers the messages of one connection, one after the other.
func (s *Server) stream(c net.Conn) {
	from := addressOf(c.RemoteAddr())
	in, out := make([]byte, 2+4096), make([]byte, 2+1<<16-1)
	for {
		_ = c.SetDeadline(s.opt.Now().Add(tcpIdle))
		if _, err := io.ReadFull(c, in[:2]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(in))
		if n > len(in)-2 { // no question is that long
			s.counts[Malformed].Add(1)
			return
		}
		_ = c.SetDeadline(s.opt.Now().Add(tcpPatience))
		if _, err := io.ReadFull(c, in[2:2+n]); err != nil {
			return
		}
		b := s.reply(in[2:2+n], from, true, out[2:])
		if b == nil {
			return
		}
		b = append(out[:2], b...)
		binary.BigEndian.PutUint16(b, uint16(len(b)-2))
		if _, err := c.Write(b); err != nil {
			s.counts[Failed].Add(1)
			return
		}
	}
}
