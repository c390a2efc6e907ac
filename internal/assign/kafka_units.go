package assign

import (
	"fmt"
	"slices"

	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
)

// brokerGrace is how long a broker may take to hand its partitions over, in seconds. A
// broker that is killed loses nothing: what it acknowledged others have, or its disk.
const brokerGrace = 15

// kafkaUnits returns a zone's broker and mirror, as far as it runs them.
func kafkaUnits(l place.Layout, p place.Programs, region, zone string, aside map[string][]string) (out []node.Unit) {
	policy := l.Platform.Spec.Engines.Kafka
	logging := node.File{Path: "log4j2.properties", Content: kafka.Logging()}
	if slices.Contains(l.Brokers(region), zone) {
		m := Broker(l, region, zone)
		argv := []string{l.Bin("fournines"), "kafka-broker", "--home={home}", "--keep={keep}", fmt.Sprintf("--node=%d", m.Node()), "--cluster-id=" + m.ClusterID()}
		for _, z := range l.Brokers(region) {
			if z != zone {
				argv = append(argv, "--others="+l.Address(region, z, place.Kafka))
			}
		}
		out = append(out, node.Unit{
			Name: place.Kafka, Env: p.Env(), Stop: "TERM", Grace: brokerGrace,
			Argv:  append(append(argv, "--"), kafka.Java(p.Kafka).Broker()...),
			Files: []node.File{{Path: "server.properties", Content: m.Config(policy)}, logging},
			Ready: node.Ready{TCP: l.Address(region, zone, place.Kafka)},
		})
	}
	if l.MirrorZone(region) == zone {
		out = append(out, MirrorUnit(l, p, region, aside))
	}
	return out
}

// MirrorUnit returns the mirror of a region that stands by and its partner. aside are topics that it
// does not copy, by their region.
func MirrorUnit(l place.Layout, p place.Programs, region string, aside map[string][]string) node.Unit {
	r, _ := l.Platform.Region(region)
	m := kafka.Mirror{Active: side(l, region, r.Pair), Standby: side(l, region, region), Aside: aside}
	return node.Unit{
		Name: place.Mirror, Env: p.Env(), Stop: "TERM", Grace: 5,
		Argv: kafka.Java(p.Kafka).MirrorCommand(),
		Files: []node.File{
			{Path: "mirror.properties", Content: m.Config(l.Platform.Spec.Engines.Kafka)},
			{Path: "log4j2.properties", Content: kafka.Logging()},
		},
	}
}
