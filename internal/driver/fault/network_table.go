package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/google/nftables"
)

// table is the one table of nftables that holds all of a lease's rules.
type table struct {
	path string // of the router's network namespace
	name string
}

func tableName(id string) string { return "fournines-" + id }

// lay makes the table, in the place of one from the guard's earlier life, in one
// transaction. The kernel stops to match the peers at the end.
func (t table) lay(peers []netip.Addr, end time.Time, rules []rule) error {
	left := time.Until(end)
	if left < time.Millisecond {
		return nil // over already, and a timeout of zero would mean for ever
	}
	return t.open(func(c *nftables.Conn) error {
		nft := &nftables.Table{Name: t.name, Family: nftables.TableFamilyIPv4}
		c.AddTable(nft) // so that there is one to delete
		c.DelTable(nft)
		c.AddTable(nft)
		set := &nftables.Set{Table: nft, Name: "peers", KeyType: nftables.TypeIPAddr, HasTimeout: true}
		var elements []nftables.SetElement
		for _, ip := range peers {
			elements = append(elements, nftables.SetElement{Key: ip.AsSlice(), Timeout: left})
		}
		if err := c.AddSet(set, elements); err != nil {
			return fmt.Errorf("lay table %s: set of peers: %w", t.name, err)
		}
		chain := c.AddChain(&nftables.Chain{
			Name: "forward", Table: nft, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookForward, Priority: nftables.ChainPriorityFilter,
		})
		for _, r := range rules {
			c.AddRule(&nftables.Rule{Table: nft, Chain: chain, Exprs: r.exprs(set)})
		}
		if err := c.Flush(); err != nil {
			return fmt.Errorf("lay table %s into the kernel's nftables: %w", t.name, err)
		}
		return nil
	})
}

// remove deletes the table, if it is there, and looks whether it is gone.
func (t table) remove() error {
	if _, err := os.Stat(t.path); errors.Is(err, fs.ErrNotExist) {
		return nil // the network itself was torn down, and the table with it
	}
	return t.open(func(c *nftables.Conn) error {
		there, err := t.listed(c)
		if err != nil || !there {
			return err
		}
		c.DelTable(&nftables.Table{Name: t.name, Family: nftables.TableFamilyIPv4})
		if err := c.Flush(); err != nil {
			return fmt.Errorf("take table %s away: %w", t.name, err)
		}
		there, err = t.listed(c)
		if err == nil && there {
			err = fmt.Errorf("take table %s away: the kernel took the order and the table is still there", t.name)
		}
		return err
	})
}

func (t table) listed(c *nftables.Conn) (bool, error) {
	all, err := c.ListTablesOfFamily(nftables.TableFamilyIPv4)
	if err != nil {
		return false, fmt.Errorf("list tables: %w", err)
	}
	return slices.ContainsFunc(all, func(o *nftables.Table) bool { return o.Name == t.name }), nil
}

// open reaches the kernel's tables of the table's namespace.
func (t table) open(do func(*nftables.Conn) error) error {
	ns, err := os.Open(t.path)
	if err != nil {
		return fmt.Errorf("open network namespace: %w", err)
	}
	defer ns.Close() //nolint:errcheck // nothing was written
	c, err := nftables.New(nftables.WithNetNSFd(int(ns.Fd())))
	if err != nil {
		return fmt.Errorf("open nftables of %s: %w", t.path, err)
	}
	return do(c)
}
