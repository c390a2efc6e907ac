package assign

import (
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

// Ports returns every address that the platform listens on, with its component.
func Ports(l place.Layout) map[string]string {
	out := map[string]string{}
	for _, s := range l.Seats() {
		for _, a := range l.SeatAddresses(s) {
			if a != "" { // people are not listened for in tests
				out[a] = l.SeatUnit(s)
			}
		}
	}
	if l.EmbedsObjects() {
		out[l.ObjectsAddress()] = place.Objects
	}
	for _, r := range Between(l).Relays {
		out[r.Near] = place.Wan
	}
	for _, name := range l.ObjectRegions() {
		out[l.BucketAddress(name)] = place.Cluster(name, place.Objects)
	}
	for _, name := range l.Regions {
		r, _ := l.Platform.Region(name)
		for _, z := range r.Zones {
			for _, k := range l.Kinds(name, z) {
				if a := l.Address(name, z, k); a != "" {
					out[a] = place.ID(name, z, k)
				}
				if k == place.Kafka {
					out[l.Addr(name, z, spec.KafkaControllerPort)] = place.ID(name, z, k)
					if l.BrokerNear(name, z) != "" {
						out[l.Addr(name, z, spec.KafkaLinkPort)] = place.ID(name, z, k)
					}
				}
			}
			out[l.Addr(name, z, place.EtcdPeer)] = place.ID(name, z, place.Etcd)
			out[l.Addr(name, z, spec.PatroniPort)] = place.ID(name, z, place.Postgres)
		}
		for _, k := range []string{place.Postgres, place.Redis, place.Edge, place.HTTPS} {
			out[l.EdgeAddress(name, k)] = place.Cluster(name, place.Edge)
		}
	}
	return out
}
