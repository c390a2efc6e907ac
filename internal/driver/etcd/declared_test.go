package etcd_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// TestWhatIsNotAsDeclared_7_1_4 changes the members of a real etcd behind the platform's back, and
// lets it raise an alarm: each shows at the next look, and no more once it is set back.
func TestWhatIsNotAsDeclared_7_1_4(t *testing.T) {
	t.Parallel()
	n := loopback.New(t)
	url := func(host, port int) string { return "http://" + n.Host(0, host, port) }
	one := etcd.Member{Name: "one", Dir: t.TempDir(), Client: url(1, 2379), Peer: url(1, 2380), Cluster: "one=" + url(1, 2380), Token: "declared"}
	first, err := etcd.Start(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	away := sync.OnceFunc(first.Close)
	t.Cleanup(away)
	c, err := etcd.Dial([]string{one.Client})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	declared := map[string]string{one.Peer: "one"}
	shows := func(want ...string) {
		t.Helper()
		if got, _, err := etcd.Altered(t.Context(), c, declared); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
	shows()
	added, err := c.MemberAddAsLearner(t.Context(), []string{url(2, 2380)})
	if err != nil {
		t.Fatal(err)
	}
	shows(fmt.Sprintf("one without a name (%x) at %s is a member of etcd and is not declared", added.Member.ID, url(2, 2380)))
	declared[url(2, 2380)] = "two" // it is being replaced: it has no name yet
	shows()
	if _, joining, err := etcd.Altered(t.Context(), c, declared); err != nil || len(joining) != 1 || !strings.Contains(joining["two"], "not joined") {
		t.Errorf("%v %v", joining, err)
	}
	if _, err := c.MemberRemove(t.Context(), added.Member.ID); err != nil {
		t.Fatal(err)
	}
	shows("two at " + url(2, 2380) + " is no member of etcd and is declared")
	delete(declared, url(2, 2380))
	alarm := func(action etcdserverpb.AlarmRequest_AlarmAction) {
		t.Helper()
		members, err := c.MemberList(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = etcdserverpb.NewMaintenanceClient(c.ActiveConnection()).Alarm(t.Context(), &etcdserverpb.AlarmRequest{Action: action, MemberID: members.Members[0].ID, Alarm: etcdserverpb.AlarmType_NOSPACE})
		if err != nil {
			t.Fatal(err)
		}
	}
	alarm(etcdserverpb.AlarmRequest_ACTIVATE)
	shows("one has raised the alarm NOSPACE, and etcd takes no writes")
	alarm(etcdserverpb.AlarmRequest_DEACTIVATE)
	shows()
	away()
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if got, _, err := etcd.Altered(short, c, declared); err == nil {
		t.Errorf("an etcd that is away differs in %q", got)
	}
}
