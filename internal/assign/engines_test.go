package assign

import (
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

// A platform that declares brokers is refused where Kafka is missing, with both ways out.
func TestKafkaIsNeededWhereItIsDeclared(t *testing.T) {
	t.Setenv("FOURNINES_ENGINES", t.TempDir())
	p := place.Programs{}
	if err := Suffice(p, spec.Engines{}); err != nil {
		t.Errorf("no broker is declared, and it is refused: %v", err)
	}
	err := Suffice(p, spec.Engines{Kafka: spec.Kafka{Brokers: 3}})
	if err == nil {
		t.Fatal("three brokers are declared, and nothing is missed")
	}
	for _, say := range []string{"3 Kafka brokers", "make engines", "spec.engines.kafka.brokers: 0"} {
		if !strings.Contains(err.Error(), say) {
			t.Errorf("it does not say %q: %v", say, err)
		}
	}
}
