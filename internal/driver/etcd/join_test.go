package etcd_test

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// A member that dies before it starts joins again as the same one; one that joins out of
// turn waits; who has a vote is not asked again.
func TestJoinMayBeRepeated(t *testing.T) {
	t.Parallel()
	n := loopback.New(t)
	url := func(host, port int) string { return "http://" + n.Host(0, host, port) }
	one := etcd.Member{Name: "one", Dir: t.TempDir(), Client: url(1, 2379), Peer: url(1, 2380), Cluster: "one=" + url(1, 2380), Token: "join"}
	first, err := etcd.Start(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(first.Close)
	seeds := []string{one.Client}
	two := etcd.Member{Name: "two", Dir: t.TempDir(), Client: url(2, 2379), Peer: url(2, 2380), Token: "join"}
	for range 2 { // the first life ends before it starts
		joined, err := etcd.Join(t.Context(), two, seeds, []string{one.Peer})
		if err != nil {
			t.Fatal(err)
		}
		members := strings.Split(joined.Cluster, ",")
		slices.Sort(members)
		if !slices.Equal(members, []string{"one=" + one.Peer, "two=" + two.Peer}) || !joined.Existing {
			t.Fatalf("%+v", joined)
		}
		two = joined
	}
	out := etcd.Member{Name: "three", Dir: t.TempDir(), Client: url(3, 2379), Peer: url(3, 2380), Token: "join"}
	if _, err := etcd.JoinOnce(t.Context(), out, seeds, []string{one.Peer, two.Peer}); err == nil || !strings.Contains(err.Error(), "another member is joining") {
		t.Fatalf("a third joins while the second has no vote: %v", err)
	}
	second, err := etcd.Start(t.Context(), two)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Close)
	for range 2 {
		if err := etcd.Promote(t.Context(), two.Peer, seeds); err != nil {
			t.Fatal(err)
		}
	}
	if !etcd.Begun(two.Dir) || etcd.Begun(out.Dir) {
		t.Error("who has been a member is not known by its directory")
	}
	if _, err := etcd.Join(t.Context(), out, seeds, []string{one.Peer, two.Peer}); err != nil {
		t.Fatal(err)
	}
}

// A member starts although the one that it asks has not heard yet that it has joined.
func TestAMemberThatIsNotKnownYetIsStartedAgain(t *testing.T) {
	t.Parallel()
	n := loopback.New(t)
	one := etcd.Member{Name: "one", Dir: t.TempDir(), Client: "http://" + n.Host(0, 1, 2379), Peer: "http://" + n.Host(0, 1, 2380), Token: "join"}
	one.Cluster = "one=" + one.Peer
	first, err := etcd.Start(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(first.Close)
	two := etcd.Member{Name: "two", Dir: t.TempDir(), Client: "http://" + n.Host(0, 2, 2379), Peer: "http://" + n.Host(0, 2, 2380), Token: "join", Existing: true}
	two.Cluster = one.Cluster + ",two=" + two.Peer
	type result struct {
		s   *etcd.Server
		err error
	}
	opened := make(chan result, 1)
	go func() {
		s, err := etcd.Open(t.Context(), two, etcd.Place{})
		opened <- result{s, err}
	}()
	enginetest.Await(t, "it tries to start", func() error {
		c, err := net.Dial("tcp", n.Host(0, 2, 2380))
		if err == nil {
			err = c.Close()
		}
		return err
	})
	if _, err := etcd.Join(t.Context(), two, []string{one.Client}, nil); err != nil {
		t.Fatal(err)
	}
	r := <-opened
	if r.err != nil {
		t.Fatal(r.err)
	}
	t.Cleanup(r.s.Close)
	if err := etcd.Promote(t.Context(), two.Peer, []string{one.Client}); err != nil {
		t.Fatal(err)
	}
}
