package etcd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Altered says in words how a cluster differs from the members that are declared, peer URL to
// name, and which alarms it has raised. A member that is replaced by a new one of the same place
// is no difference: it has no name or no vote until it has caught up, and joining says so by its
// declared name.
func Altered(ctx context.Context, c *clientv3.Client, declared map[string]string) (out []string, joining map[string]string, err error) {
	list, err := c.MemberList(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("ask etcd for its members: %w", err)
	}
	out, joining = []string{}, map[string]string{}
	seen := map[string]bool{}
	for _, m := range list.Members {
		known := false
		for _, url := range m.PeerURLs {
			known = known || declared[url] != ""
			seen[url] = true
			switch name := declared[url]; {
			case name == "":
			case m.Name == "":
				joining[name] = "the cluster expects it as a new member, and it has not joined yet"
			case m.IsLearner:
				joining[name] = "it is a learner: it has no vote until it has caught up"
			}
		}
		if !known {
			out = append(out, fmt.Sprintf("%s (%x) at %s is a member of etcd and is not declared", orNameless(m), m.ID, strings.Join(m.PeerURLs, ", ")))
		}
	}
	for url, name := range declared {
		if !seen[url] {
			out = append(out, fmt.Sprintf("%s at %s is no member of etcd and is declared", name, url))
		}
	}
	alarms, err := c.AlarmList(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("ask etcd for its alarms: %w", err)
	}
	for _, a := range alarms.Alarms {
		name := fmt.Sprintf("%x", a.MemberID)
		if i := slices.IndexFunc(list.Members, func(m *etcdserverpb.Member) bool { return m.ID == a.MemberID }); i >= 0 {
			name = orNameless(list.Members[i])
		}
		out = append(out, fmt.Sprintf("%s has raised the alarm %s, and etcd takes no writes", name, a.Alarm))
	}
	slices.Sort(out)
	return out, joining, nil
}

func orNameless(m *etcdserverpb.Member) string {
	if m.Name == "" {
		return "one without a name"
	}
	return m.Name
}
