package fault

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// tableName names the one table that holds all of a lease's rules.
func tableName(id string) string { return "fournines-" + id }

// lay puts the fault's table into the switch, in the place of one from the guard's
// earlier life, in one transaction. The bridge family sees every packet between ports.
func (n *network) lay(act []expr.Any) error {
	left := time.Until(n.lease.Until)
	if left < time.Millisecond {
		return nil // over already, and a timeout of zero would mean for ever
	}
	return inTables(n.port.Switch, func(c *nftables.Conn) error {
		t := &nftables.Table{Name: tableName(n.lease.ID), Family: nftables.TableFamilyBridge}
		c.AddTable(t) // so that there is one to delete
		c.DelTable(t)
		c.AddTable(t)
		peers := &nftables.Set{Table: t, Name: "peers", KeyType: nftables.TypeIPAddr, HasTimeout: true}
		var elements []nftables.SetElement
		for _, ip := range n.peers {
			elements = append(elements, nftables.SetElement{Key: ip.AsSlice(), Timeout: left})
		}
		if err := c.AddSet(peers, elements); err != nil {
			return fmt.Errorf("lay fault %s: set of peers: %w", n.lease.Kind, err)
		}
		chain := c.AddChain(&nftables.Chain{
			Name: "forward", Table: t, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookForward, Priority: nftables.ChainPriorityFilter,
		})
		for _, match := range n.matches(peers) {
			c.AddRule(&nftables.Rule{Table: t, Chain: chain, Exprs: append(match, act...)})
		}
		if err := c.Flush(); err != nil {
			return fmt.Errorf("lay fault %s into the kernel's tables (nftables, bridge family): %w", n.lease.Kind, err)
		}
		return nil
	})
}

// matches returns one match for each direction that the fault has.
func (n *network) matches(peers *nftables.Set) [][]expr.Any {
	out := [][]expr.Any{fromZone(n.port.Name, peers)}
	if n.lease.Kind != ZonePartitionOut {
		out = append(out, toZone(n.port.Name, peers))
	}
	return out
}

// removeTable deletes the table in the namespace at path, and looks whether it is gone.
func removeTable(path, name string) error {
	return inTables(path, func(c *nftables.Conn) error {
		there, err := hasTable(c, name)
		if err != nil || !there {
			return err
		}
		c.DelTable(&nftables.Table{Name: name, Family: nftables.TableFamilyBridge})
		if err := c.Flush(); err != nil {
			return fmt.Errorf("take table %s away: %w", name, err)
		}
		there, err = hasTable(c, name)
		if err == nil && there {
			err = fmt.Errorf("take table %s away: the kernel took the order and the table is still there", name)
		}
		return err
	})
}

func hasTable(c *nftables.Conn, name string) (bool, error) {
	ts, err := c.ListTablesOfFamily(nftables.TableFamilyBridge)
	if err != nil {
		return false, fmt.Errorf("list tables: %w", err)
	}
	return slices.ContainsFunc(ts, func(t *nftables.Table) bool { return t.Name == name }), nil
}

// inTables opens the kernel's tables of the network namespace at path.
func inTables(path string, do func(*nftables.Conn) error) error {
	ns, err := os.Open(path) //nolint:gosec // the path is the installation's own
	if err != nil {
		return fmt.Errorf("open network namespace: %w", err)
	}
	defer ns.Close() //nolint:errcheck // nothing was written
	c, err := nftables.New(nftables.WithNetNSFd(int(ns.Fd())))
	if err != nil {
		return fmt.Errorf("open nftables of %s: %w", path, err)
	}
	return do(c)
}
