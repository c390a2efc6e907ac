package up

import (
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
)

func TestWhatCannotBeElsewhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		elsewhere []string
		netns     bool
		gate      string
		want      string // part of the refusal; empty: it is well
	}{
		{elsewhere: []string{joining}, gate: gateAddress},
		{elsewhere: []string{"us-east-1/server", joining}, gate: gateAddress},
		{},
		{elsewhere: []string{joining}, want: "--gate"},
		{elsewhere: []string{joining}, gate: "10.0.0.5", want: "--gate"},
		{elsewhere: []string{place.Server}, gate: gateAddress, want: "founds the control plane"},
		{elsewhere: []string{"mars/server"}, gate: gateAddress, want: "There are: server, us-east-1/server, us-west-2/server"},
		{elsewhere: []string{joining}, gate: gateAddress, netns: true, want: "--netns"},
	} {
		l := placetest.Layout(t)
		l.Regions, l.Servers, l.Elsewhere, l.NetNS, l.Listen = []string{"us-east-1", "us-west-2"}, 3, c.elsewhere, c.netns, "127.0.0.1:9"
		err := checkElsewhere(l, c.gate)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

const (
	joining     = "us-west-2/" + place.Server
	gateAddress = "10.211.77.1:9443"
)
