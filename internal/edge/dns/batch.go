package dns

import (
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batchSize is how many packets one call of the system takes or sends at most.
const batchSize = 32

// packetSize is the largest question that is read; EDNS beyond it is nobody's.
const packetSize = 4096

// mmsghdr is Linux's struct of that name, one packet of recvmmsg(2) and sendmmsg(2).
type mmsghdr struct {
	head unix.Msghdr
	size uint32
}

// batch reads and answers packets of one socket, many with one call where many wait.
type batch struct {
	server    *Server
	in, out   [batchSize]mmsghdr
	ins, outs [batchSize]unix.Iovec
	from      [batchSize]unix.RawSockaddrInet6 // the larger of both kinds
	questions [batchSize][packetSize]byte
	answers   [batchSize][udpSize]byte
	got, say  int
}

// packets answers the packets of a socket until it is closed.
func (s *Server) packets(c *net.UDPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		s.opt.Logger.Error("the name server's socket cannot be used", "address", c.LocalAddr(), "err", err)
		return
	}
	b := &batch{server: s}
	for i := range batchSize {
		b.ins[i].Base = &b.questions[i][0]
		b.ins[i].SetLen(packetSize)
		b.in[i].head.Name = (*byte)(unsafe.Pointer(&b.from[i]))
		b.in[i].head.Iov = &b.ins[i]
		b.in[i].head.SetIovlen(1)
		b.out[i].head.Iov = &b.outs[i]
		b.out[i].head.SetIovlen(1)
	}
	receive, send := b.receive, b.send
	for {
		if err := raw.Read(receive); err != nil {
			return
		}
		b.answer()
		for b.got = 0; b.got < b.say; {
			if err := raw.Write(send); err != nil {
				return
			}
		}
	}
}

// receive takes what waits; false: nothing does yet.
func (b *batch) receive(fd uintptr) bool {
	for i := range batchSize {
		b.in[i].head.Namelen = unix.SizeofSockaddrInet6
	}
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.in[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
	b.got = int(n)
	if errno != 0 {
		b.got = 0
	}
	return errno != unix.EAGAIN
}

// answer makes the answers to what was taken.
func (b *batch) answer() {
	b.say = 0
	for i := range b.got {
		from := addressIn(&b.from[i])
		if b.in[i].head.Flags&unix.MSG_TRUNC != 0 || !from.IsValid() {
			b.server.counts[Ignored].Add(1)
			continue
		}
		o := b.server.reply(b.questions[i][:b.in[i].size], from, false, b.answers[b.say][:])
		if o == nil {
			continue
		}
		b.outs[b.say].Base = &o[0]
		b.outs[b.say].SetLen(len(o))
		b.out[b.say].head.Name, b.out[b.say].head.Namelen = b.in[i].head.Name, b.in[i].head.Namelen
		b.say++
	}
}

// send sends what is left of the answers; false: the socket takes none now. One that
// cannot be sent, as to port 0, is left out.
func (b *batch) send(fd uintptr) bool {
	n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&b.out[b.got])), uintptr(b.say-b.got), unix.MSG_DONTWAIT, 0, 0)
	switch {
	case errno == unix.EAGAIN:
		return false
	case errno == unix.EINTR:
	case errno != 0:
		b.server.counts[Failed].Add(1)
		b.got++
	default:
		b.got += int(n)
	}
	return true
}

// addressIn returns the address that the system wrote.
func addressIn(a *unix.RawSockaddrInet6) netip.Addr {
	switch a.Family {
	case unix.AF_INET:
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(a))
		return netip.AddrFrom4(four.Addr)
	case unix.AF_INET6:
		return netip.AddrFrom16(a.Addr).Unmap()
	}
	return netip.Addr{}
}

func addressOf(a net.Addr) netip.Addr {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap()
}
