package up

import (
	"slices"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/place/placetest"
)

func TestSeatsOutliveAnyRegion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		regions []string
		servers int
		want    string // names and addresses
	}{
		{[]string{"us-east-1"}, 1, "server 127.0.0.1:9"},
		{[]string{"us-east-1", "us-west-2"}, 3, "server 127.0.0.1:9, us-east-1/server 127.1.0.11:9, us-west-2/server 127.4.0.12:9"},
		{[]string{"us-east-1", "eu-west-1", "us-west-2", "eu-central-1"}, 3, "server 127.0.0.1:9, us-east-1/server 127.1.0.11:9, eu-west-1/server 127.2.0.12:9"},
		{[]string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1", "ap-northeast-1"}, 3, "us-east-1/server 127.0.0.1:9, eu-west-1/server 127.2.0.11:9, ap-southeast-1/server 127.3.0.12:9"},
	} {
		l := placetest.Layout(t)
		l.Regions, l.Servers, l.Listen = c.regions, c.servers, "127.0.0.1:9"
		var got, regions []string
		for _, s := range l.Seats() {
			got = append(got, s.Name+" "+l.SeatListen(s))
			regions = append(regions, s.Region)
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%d servers in %v:\n%s, want\n%s", c.servers, c.regions, text, c.want)
		}
		if slices.Sort(regions); len(slices.Compact(regions)) != c.servers {
			t.Errorf("two of %v fall with one region", got)
		}
		if n := usualServers(t.TempDir(), l.Platform, c.regions); (n == 3) != (len(c.regions) == 6) {
			t.Errorf("%v have %d servers by default", c.regions, n)
		}
	}
}
