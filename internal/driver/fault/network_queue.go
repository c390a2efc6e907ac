package fault

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// queue is a bound packet queue of the kernel (nfnetlink_queue): packets wait in the
// kernel, we learn their numbers and say when they may go on. When the descriptor is
// closed, by us or by our death, the kernel drops what waits and lets the rest pass.
type queue struct {
	conn   *netlink.Conn
	number uint16
}

// Messages, attributes and values of the protocol (linux/netfilter/nfnetlink_queue.h).
const (
	queueSubsystem = 3 << 8
	msgPacket      = queueSubsystem
	msgConfig      = queueSubsystem | 2
	msgBatch       = queueSubsystem | 3

	attrPacketHeader  = 1
	attrVerdictHeader = 2
	attrConfigCommand = 1
	attrConfigParams  = 2
	attrConfigLength  = 3
	attrConfigMask    = 4
	attrConfigFlags   = 5

	commandBind  = 1
	copyMetadata = 1 // the packet itself stays in the kernel
	flagFailOpen = 1 // a full queue passes packets undelayed: latency shall not become loss
	flagWhole    = 4 // segments that offloading joined stay joined

	verdictAccept = 1
	queueLength   = 1 << 16 // packets
	queueBuffer   = 8 << 20 // bytes of messages about them
	queueTries    = 16
)

// openQueue binds a free queue in the router's network namespace at path. Other leases
// have theirs there, so id only says where to begin to look.
func openQueue(path, id string) (*queue, error) {
	ns, err := os.Open(path) //nolint:gosec // the path is the installation's own
	if err != nil {
		return nil, fmt.Errorf("open network namespace: %w", err)
	}
	defer ns.Close() //nolint:errcheck // nothing was written
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, &netlink.Config{NetNS: int(ns.Fd())})
	if err != nil {
		return nil, fmt.Errorf("open packet queue in %s: %w", path, err)
	}
	q := &queue{conn: conn}
	if err := q.bind(id); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return q, nil
}

func (q *queue) bind(id string) error {
	if err := errors.Join(q.conn.SetReadBuffer(queueBuffer), q.conn.SetOption(netlink.NoENOBUFS, true)); err != nil {
		return fmt.Errorf("open packet queue: %w", err)
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	first := uint16(h.Sum32()) //nolint:gosec // any 16 bits do
	var err error
	for i := range uint16(queueTries) {
		q.number = first + i
		err = q.configure(netlink.Attribute{Type: attrConfigCommand, Data: []byte{commandBind, 0, 0, 0}})
		if err == nil {
			return q.parameters()
		}
		if !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EBUSY) { // those mean: another guard has it
			break
		}
	}
	return fmt.Errorf("bind packet queue %d (needs root and CONFIG_NETFILTER_NETLINK_QUEUE): %w", q.number, err)
}

func (q *queue) parameters() error {
	const flags = flagFailOpen | flagWhole
	return q.configure(
		netlink.Attribute{Type: attrConfigParams, Data: []byte{0, 0, 0, 0, copyMetadata}},
		netlink.Attribute{Type: attrConfigLength, Data: binary.BigEndian.AppendUint32(nil, queueLength)},
		netlink.Attribute{Type: attrConfigFlags, Data: binary.BigEndian.AppendUint32(nil, flags)},
		netlink.Attribute{Type: attrConfigMask, Data: binary.BigEndian.AppendUint32(nil, flags)},
	)
}

func (q *queue) configure(attrs ...netlink.Attribute) error {
	m, err := q.message(msgConfig, netlink.Request|netlink.Acknowledge, attrs...)
	if err != nil {
		return err
	}
	if _, err := q.conn.Execute(m); err != nil {
		return fmt.Errorf("configure packet queue %d: %w", q.number, err)
	}
	return nil
}

func (q *queue) message(kind netlink.HeaderType, flags netlink.HeaderFlags, attrs ...netlink.Attribute) (netlink.Message, error) {
	b, err := netlink.MarshalAttributes(attrs)
	if err != nil {
		return netlink.Message{}, fmt.Errorf("write packet queue message: %w", err)
	}
	head := binary.BigEndian.AppendUint16([]byte{unix.AF_UNSPEC, 0}, q.number)
	return netlink.Message{Header: netlink.Header{Type: kind, Flags: flags}, Data: append(head, b...)}, nil
}

// accept lets the packet and all that came before it go on.
func (q *queue) accept(packet uint32) error {
	verdict := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, verdictAccept), packet)
	m, err := q.message(msgBatch, netlink.Request, netlink.Attribute{Type: attrVerdictHeader, Data: verdict})
	if err != nil {
		return err
	}
	if _, err := q.conn.Send(m); err != nil {
		return fmt.Errorf("release packets of queue %d: %w", q.number, err)
	}
	return nil
}

func (q *queue) close() error { return q.conn.Close() }

// receive waits for packets and returns their numbers, rising.
func (q *queue) receive() ([]uint32, error) {
	ms, err := q.conn.Receive()
	if err != nil {
		return nil, err
	}
	var out []uint32
	for _, m := range ms {
		if m.Header.Type != msgPacket {
			continue
		}
		id, err := packetNumber(m.Data)
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

// packetNumber reads the number from the kernel's message about one packet.
func packetNumber(b []byte) (uint32, error) {
	const head = 4 // family, version, queue
	if len(b) < head {
		return 0, errors.New("read queued packet: the message is too short")
	}
	attrs, err := netlink.UnmarshalAttributes(b[head:])
	if err != nil {
		return 0, fmt.Errorf("read queued packet: %w", err)
	}
	for _, a := range attrs {
		if a.Type == attrPacketHeader && len(a.Data) >= 4 {
			return binary.BigEndian.Uint32(a.Data), nil
		}
	}
	return 0, errors.New("read queued packet: the message names no packet")
}
