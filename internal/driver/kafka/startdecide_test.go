package kafka

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestHowABrokerStarts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		f    startFacts
		want startDecision
	}{
		"for the first time":                        {startFacts{}, startDecision{format: true, why: "first time"}},
		"for the first time, alone":                 {startFacts{alone: true}, startDecision{format: true}},
		"with what it has":                          {startFacts{storage: storageSound, votes: true, marked: true}, startDecision{why: "voted for"}},
		"with all but its name":                     {startFacts{votes: true, marked: true}, startDecision{format: true}},
		"emptied, beside a leader":                  {startFacts{marked: true, led: true}, startDecision{learn: true, why: "without a vote"}},
		"emptied, unknown here, beside a leader":    {startFacts{led: true}, startDecision{learn: true}},
		"emptied, nobody leads":                     {startFacts{marked: true, mark: "begun", silent: "refused"}, startDecision{wait: true, why: "remove begun"}},
		"without its votes alone":                   {startFacts{storage: storageSound, marked: true, led: true}, startDecision{learn: true}},
		"it was killed while it learnt":             {startFacts{storage: storageSound, votes: true, learning: true, led: true}, startDecision{learn: true}},
		"it was killed while it learnt, no leader":  {startFacts{storage: storageSound, votes: true, learning: true}, startDecision{wait: true}},
		"a broken name, beside a leader":            {startFacts{storage: storageBroken, why: "bad", votes: true, led: true}, startDecision{aside: []string{"data"}, why: "bad"}},
		"a broken name, nobody leads":               {startFacts{storage: storageBroken, why: "bad", votes: true, marked: true}, startDecision{wait: true, why: "the others know none): bad"}},
		"a broken name of one that has the records": {startFacts{storage: storageBroken, why: "bad", votes: true, alone: true, kept: true}, startDecision{aside: []string{metaFile}, why: "keeps its records"}},
		"the same without a copy":                   {startFacts{storage: storageBroken, why: "bad", votes: true, alone: true}, startDecision{wait: true, why: "no copy"}},
		"its name is gone, and not its records":     {startFacts{votes: true, alone: true, kept: true}, startDecision{name: true, why: "the copy"}},
	} {
		got := decideStart(c.f)
		if !strings.Contains(got.why, c.want.why) || got.why == "" {
			t.Errorf("%s: %q does not say %q", name, got.why, c.want.why)
		}
		if got.wait != c.want.wait || got.learn != c.want.learn || got.format != c.want.format || got.name != c.want.name || !slices.Equal(got.aside, c.want.aside) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// Whatever is seen, a broker that was started before and does not know its votes does not vote.
func TestWhoForgotItsVotesDoesNotVote(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 1))
	flip := func() bool { return r.IntN(2) == 0 }
	for range 10_000 {
		f := startFacts{storage: storage(r.IntN(3)), votes: flip(), learning: flip(), marked: flip(), led: flip(), kept: flip()}
		d := decideStart(f)
		if sound := f.votes && !f.learning && f.storage != storageBroken; !sound && (f.marked || f.led) && !d.wait && !d.learn && !d.name && len(d.aside) == 0 {
			t.Fatalf("%+v: %+v", f, d)
		}
	}
}

func TestWhatMetaPropertiesSays(t *testing.T) {
	t.Parallel()
	const sound = "#\n#Mon Nov 30\ncluster.id=c\nversion=1\ndirectory.id=AAAAAAAAAAAAAAAAAAAAAA\nnode.id=2\n"
	for text, wrong := range map[string]string{
		sound:                                 "",
		"":                                    `is "" instead of`,
		strings.Replace(sound, "=c", "=x", 1): `cluster.id is "x"`,
		strings.Replace(sound, "=2", "=3", 1): `node.id is "3"`,
		strings.Replace(sound, "=AA", "=\x00", 1): "no id",
		sound[:30]: "instead of",
	} {
		if why := metaWrong(text, "c", 2); (why == "") != (wrong == "") || !strings.Contains(why, wrong) {
			t.Errorf("%q: %q, want %q", text, why, wrong)
		}
	}
}

func TestWhoObservesHasNoVote(t *testing.T) {
	t.Parallel()
	got := observing("process.roles=broker,controller\nnode.id=2\ncontroller.quorum.voters=1@a:9093,2@b:9093,3@c:9093\nlisteners=PLAINTEXT://b:9092,CONTROLLER://b:9093\nadvertised.listeners=PLAINTEXT://b:9092\n", 2)
	if want := "process.roles=broker\nnode.id=2\ncontroller.quorum.voters=1@a:9093,3@c:9093\nlisteners=PLAINTEXT://b:9092\nadvertised.listeners=PLAINTEXT://b:9092\n"; got != want {
		t.Errorf("%s", got)
	}
}
