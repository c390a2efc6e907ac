package fault

import (
	"encoding/binary"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
	"golang.org/x/sys/unix"
)

// Offsets of the addresses in an IPv4 header.
const (
	sourceOffset      = 12
	destinationOffset = 16
)

// fromZone matches what the zone behind the port says to a peer.
func fromZone(port string, peers *nftables.Set) []expr.Any {
	return match(expr.MetaKeyIIFNAME, port, destinationOffset, peers)
}

// toZone matches what a peer says to the zone behind the port.
func toZone(port string, peers *nftables.Set) []expr.Any {
	return match(expr.MetaKeyOIFNAME, port, sourceOffset, peers)
}

func match(side expr.MetaKey, port string, offset uint32, peers *nftables.Set) []expr.Any {
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, port)
	return []expr.Any{
		&expr.Meta{Key: side, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name},
		&expr.Meta{Key: expr.MetaKeyPROTOCOL, Register: 1}, // ARP goes on, as it would behind a router
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.BigEndian.PutUint16(unix.ETH_P_IP)},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4},
		&expr.Lookup{SourceRegister: 1, SetName: peers.Name, SetID: peers.ID},
	}
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
