package assign

import (
	"slices"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
)

// Three brokers where customers are served, one and the mirror where nobody is.
func TestWhereKafkaRuns_7_1_6(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Regions = []string{"us-east-1", "us-west-2"}
	p := place.Programs{Kafka: place.Java{Program: "/java", Jars: []string{"/kafka.jar"}}}
	for _, c := range []struct {
		region, zone string
		kafka        []string
	}{
		{"us-east-1", "a", []string{place.Kafka}}, {"us-east-1", "b", []string{place.Kafka}}, {"us-east-1", "c", []string{place.Kafka}},
		{"us-west-2", "a", []string{place.Kafka, place.Mirror}}, {"us-west-2", "b", nil},
	} {
		var names []string
		for _, u := range kafkaUnits(l, p, c.region, c.zone, nil) {
			names = append(names, u.Name)
		}
		if !slices.Equal(names, c.kafka) {
			t.Errorf("%s/%s runs %v, want %v", c.region, c.zone, names, c.kafka)
		}
	}
	mirror := unitNamed(t, kafkaUnits(l, p, "us-west-2", "a", map[string][]string{"us-east-1": {"big.events"}}), place.Mirror).Files[0].Content
	for _, want := range []string{"us-east-1.bootstrap.servers=127.4.129.1:9092,127.4.130.1:9092,127.4.131.1:9092\n", "us-west-2.bootstrap.servers=127.4.1.1:9092\n",
		"us-east-1->us-west-2.topics.exclude=mm2.*[.]internal,.*[.]replica,__.*,big[.]events\n", "us-west-2->us-east-1.topics.exclude=mm2.*[.]internal,.*[.]replica,__.*\n"} {
		if !strings.Contains(mirror, want) {
			t.Errorf("the mirror has no line %q:\n%s", want, mirror)
		}
	}
	broker := unitNamed(t, kafkaUnits(l, p, "us-east-1", "c", nil), place.Kafka).Files[0].Content
	for _, want := range []string{"listeners=PLAINTEXT://127.1.3.1:9092,LINK://127.1.3.1:9094,", "advertised.listeners=PLAINTEXT://127.1.3.1:9092,LINK://127.4.131.1:9092\n"} {
		if !strings.Contains(broker, want) {
			t.Errorf("whoever comes from the partner is not sent back the way it came; no %q:\n%s", want, broker)
		}
	}
	if !strings.Contains(broker, "node.id=3\n") || !strings.Contains(broker, "min.insync.replicas=2\n") {
		t.Errorf("broker 3:\n%s", broker)
	}

	l.NetNS = true
	if a := side(l, "us-west-2", "us-east-1").Brokers[2]; a != "10.4.131.1:9092" {
		t.Errorf("with namespaces a broker is at %s", a)
	}
	l.Regions = []string{"us-west-2"}
	if z := l.MirrorZone("us-west-2"); z != "" {
		t.Errorf("a region without its partner has a mirror in zone %s", z)
	}
	l.Platform.Spec.Engines.Kafka.Brokers = 0
	if got := l.Brokers("us-east-1"); len(got) > 0 {
		t.Errorf("brokers in %v although none are declared", got)
	}
	if err := Suffice(p, l.Platform.Spec.Engines); err != nil {
		t.Error(err)
	}
}

func unitNamed(t *testing.T, units []node.Unit, name string) node.Unit {
	t.Helper()
	i := slices.IndexFunc(units, func(u node.Unit) bool { return u.Name == name })
	if i < 0 {
		t.Fatalf("no unit %s", name)
	}
	return units[i]
}
