package place_test

import (
	"testing"

	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
)

func TestAddressesAreRegionZoneHost(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Listen = "127.0.0.1:9"
	for got, want := range map[string]string{
		l.Address("us-east-1", "b", place.Postgres):  "127.1.2.1:5432",
		l.Address("ap-northeast-1", "c", place.Etcd): "127.6.3.1:2379",
		l.EdgeAddress("us-east-1", place.Redis):      "127.1.0.1:6379",
		l.ServerAddresses("us-east-1")[0]:            "127.0.0.1:9",
		l.SeatIP(l.Seats()[0]):                       "127.1.0.2",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	l.NetNS = true
	if got := l.ServerAddresses("us-east-1")[0]; got != "10.1.0.2:9" {
		t.Errorf("with namespaces nodes reach the server at %s", got)
	}
}
