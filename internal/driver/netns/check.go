package netns

import (
	"fmt"

	"github.com/vishvananda/netlink"
)

// Check tells whether this process may and this kernel can do what Setup needs, by doing
// it in a namespace that ends with the call. It changes nothing else.
func Check() error {
	err := fresh(func() error {
		at, err := enter("")
		if err != nil {
			return err
		}
		defer at.leave()
		if err := at.forward(); err != nil {
			return err
		}
		pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: rootPort}, PeerName: zoneDevice}
		if err := at.h.LinkAdd(pair); err != nil {
			return fmt.Errorf("make interfaces: %w", explain(err, "veth (CONFIG_VETH; try `modprobe veth`)"))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("check network namespaces: %w", explain(err, "network namespaces (CONFIG_NET_NS)"))
	}
	return nil
}
