package dns

import (
	"net/netip"

	"github.com/greenlang/fournines/internal/edge/config"
)

// near finds the row of the longest prefix that holds a client, and for how many of its
// bits that stays the answer: two binary tries, one for each family.
type near struct {
	nodes  []nearNode
	four   int32 // roots
	six    int32
	ranked []map[string]float64 // by row; row 0 is nobody's: no distances are known
}

// nearNode is a prefix; 0 is no child, because the root of IPv4 is nobody's.
type nearNode struct {
	child [2]int32
	row   int32
}

func newNear(rows []config.DNSNetwork) *near {
	n := &near{nodes: make([]nearNode, 2), four: 0, six: 1, ranked: []map[string]float64{nil}}
	for _, r := range rows {
		p, err := netip.ParsePrefix(r.Prefix) // validated before
		if err != nil {
			continue
		}
		n.ranked = append(n.ranked, r.Milliseconds)
		at, octets := n.root(p.Addr()), p.Addr().AsSlice()
		for i := range p.Bits() {
			b := octets[i/8] >> (7 - i%8) & 1
			if n.nodes[at].child[b] == 0 {
				n.nodes = append(n.nodes, nearNode{})
				n.nodes[at].child[b] = int32(len(n.nodes) - 1)
			}
			at = n.nodes[at].child[b]
		}
		n.nodes[at].row = int32(len(n.ranked) - 1)
	}
	return n
}

func (n *near) root(a netip.Addr) int32 {
	if a.Is4() {
		return n.four
	}
	return n.six
}

// find returns the row of a client, 0 where it has none, and the scope of the answer: the
// least bits of the client's address for which no other row could be meant (RFC 7871, 7.2.1).
func (n *near) find(client netip.Addr) (row int32, scope int) {
	if !client.IsValid() {
		return 0, 0
	}
	octets, bits, at := client.As16(), client.BitLen(), n.root(client)
	offset := 128 - bits
	for {
		node := &n.nodes[at]
		if node.row != 0 {
			row = node.row
		}
		if node.child == [2]int32{} || scope == bits {
			return row, scope
		}
		i := offset + scope
		scope++
		if at = node.child[octets[i/8]>>(7-i%8)&1]; at == 0 {
			return row, scope
		}
	}
}
