package fault

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// Every kind of fault that people are offered has its injection, and no other fault is
// injected in its place.
func TestEveryKindHasItsInjection(t *testing.T) {
	t.Parallel()
	for _, k := range fact.FaultKinds() {
		l := Lease{ID: "f", Kind: k.Name, Zone: t.TempDir(), Unit: k.Engine, Until: time.Now().Add(time.Minute)}
		switch k.Reach {
		case fact.ReachComponent:
			if l.Unit == "" {
				l.Unit = "redis"
			}
		case fact.ReachLinks:
			l.Links = []string{"us-east-1>us-west-2"}
		case fact.ReachZone, fact.ReachRegion:
		}
		f, err := injection(l)
		if k.NetNS {
			if err == nil || !strings.Contains(err.Error(), "needs network namespaces") {
				t.Errorf("%s without a namespace: %v", k.Name, err)
			}
			continue
		}
		if err != nil || f.inject == nil {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}
