package spec_test

import (
	"testing"

	"github.com/greenlang/fournines/internal/spec"
)

// Between any two of GreenLang's regions lies a link, the same both ways; a file may give
// each way a link of its own, and one without links says so.
func TestLinks_7_1_2(t *testing.T) {
	t.Parallel()
	p, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range p.Spec.Regions {
		for _, b := range p.Spec.Regions {
			there, ok := p.Link(a.Name, b.Name)
			back, _ := p.Link(b.Name, a.Name)
			if ok != (a.Name != b.Name) || there.Latency != back.Latency || there.Loss != back.Loss || (ok && there.From != a.Name) {
				t.Errorf("%s to %s: %+v, and back %+v", a.Name, b.Name, there, back)
			}
		}
	}
	p.Spec.Routing.Links = append(p.Spec.Routing.Links, spec.Link{From: "us-west-2", To: "us-east-1", Latency: 1})
	there, _ := p.Link("us-east-1", "us-west-2")
	if back, _ := p.Link("us-west-2", "us-east-1"); back.Latency != 1 || there.Latency == 1 {
		t.Errorf("%+v %+v", there, back)
	}
	p.Spec.Routing.Links = nil
	if _, ok := p.Link("us-east-1", "us-west-2"); ok {
		t.Error("a link that nobody declared")
	}
}
