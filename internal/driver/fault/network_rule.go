package fault

import (
	"encoding/binary"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
	"golang.org/x/sys/unix"
)

// peer is the offset of the peer's address in an IPv4 header.
type peer uint32

const (
	fromPeer peer = 12 // the source
	toPeer   peer = 16 // the destination
)

// rule is one thing that happens to packets between the zone and its peers.
type rule struct {
	port []expr.Any // matches the zone's port
	peer peer
	act  []expr.Any
}

func (r rule) exprs(peers *nftables.Set) []expr.Any {
	return slices.Concat(r.port, []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: uint32(r.peer), Len: 4},
		&expr.Lookup{SourceRegister: 1, SetName: peers.Name, SetID: peers.ID},
	}, r.act)
}

// from matches packets that came in by the port.
func from(port string) []expr.Any { return through(expr.MetaKeyIIFNAME, port) }

// to matches packets that leave by the port.
func to(port string) []expr.Any { return through(expr.MetaKeyOIFNAME, port) }

func through(side expr.MetaKey, port string) []expr.Any {
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, port)
	return []expr.Any{&expr.Meta{Key: side, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name}}
}

// lose drops every packet.
func lose() []expr.Any { return []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}} }

// loseSome drops a packet with a probability in percent.
func loseSome(percent uint32) []expr.Any {
	return append([]expr.Any{
		&expr.Numgen{Register: 1, Modulus: 100, Type: unix.NFT_NG_RANDOM},
		// The register holds the number in the machine's order; compared in the network's.
		&expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4},
		&expr.Cmp{Op: expr.CmpOpLt, Register: 1, Data: binaryutil.BigEndian.PutUint32(percent)},
	}, lose()...)
}

// queueTo hands every packet to the reader of the queue, and lets it pass when there is none.
func queueTo(number uint16) []expr.Any {
	return []expr.Any{&expr.Queue{Num: number, Total: 1, Flag: expr.QueueFlagBypass}}
}

// queueByTarget is [queueTo] for a kernel without nftables' own queue expression
// (CONFIG_NFT_QUEUE): the NFQUEUE target of iptables, revision 3, called through
// nftables' compatibility layer. It needs no program of iptables.
func queueByTarget(number uint16) []expr.Any {
	const bypass = 1
	info := make(xt.Unknown, 8) // number, how many, flags; padded to 8 bytes
	binary.NativeEndian.PutUint16(info[0:], number)
	binary.NativeEndian.PutUint16(info[2:], 1)
	binary.NativeEndian.PutUint16(info[4:], bypass)
	return []expr.Any{&expr.Target{Name: "NFQUEUE", Rev: 3, Info: &info}}
}
