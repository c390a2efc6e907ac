package fault

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mdlayher/netlink"
)

func TestReadPeers(t *testing.T) {
	t.Parallel()
	self := netip.MustParseAddr("10.1.1.1")
	for name, c := range map[string]struct {
		peers []string
		want  string // in the error; empty: none
	}{
		"others":        {[]string{"10.1.2.1", "10.1.0.1"}, ""},
		"nobody":        {nil, "needs peers"},
		"the zone":      {[]string{"10.1.2.1", "10.1.1.1"}, "zone's own"},
		"a port":        {[]string{"10.1.2.1:80"}, "read peer"},
		"an IPv6 peer":  {[]string{"::1"}, "IPv4"},
		"a whole range": {[]string{"10.1.0.0/16"}, "read peer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readPeers(c.peers, self)
			if c.want == "" && (err != nil || len(got) != len(c.peers)) {
				t.Fatalf("got %v, %v", got, err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Fatalf("got %v, want an error about %q", err, c.want)
			}
		})
	}
}

func TestNetworkFaultNeedsANamespace(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{ZonePartition, ZonePartitionOut, ZoneLatency, ZoneLoss5} {
		_, err := injection(Lease{Kind: kind, Until: time.Now()})
		if err == nil || !strings.Contains(err.Error(), "--netns") {
			t.Errorf("%s: got %v, want the way to namespaces", kind, err)
		}
		if _, err := injection(Lease{Kind: kind, NetNS: "/proc/1/ns/net"}); err == nil {
			t.Errorf("%s would be laid outside a region's network", kind)
		}
	}
}

func FuzzPacketNumber(f *testing.F) {
	good, err := netlink.MarshalAttributes([]netlink.Attribute{{Type: attrPacketHeader, Data: []byte{0, 0, 1, 2, 8, 0, 3}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append([]byte{2, 0, 0, 7}, good...))
	f.Add([]byte{2, 0, 0})
	f.Add([]byte{2, 0, 0, 7, 255, 255, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		id, err := packetNumber(b)
		if err != nil && id != 0 {
			t.Errorf("number %d beside the error %v", id, err)
		}
		if string(b) == string(append([]byte{2, 0, 0, 7}, good...)) && (err != nil || id != 0x102) {
			t.Errorf("got %d, %v, want 258", id, err)
		}
	})
}
