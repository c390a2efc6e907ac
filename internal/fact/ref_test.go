package fact

import (
	"strings"
	"testing"
)

// Whatever text comes: it is refused, or refers to what it says, whole.
func FuzzRef(f *testing.F) {
	for _, s := range []string{"", "/", "us-east-1", "us-east-1/a", "us-east-1/a/postgres", "us-east-1/postgres", "a/b/c/d", "//", "a//c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for slashes, parse := range map[int]func(string) (Ref, error){2: Component, 1: Cluster} {
			r, err := parse(text)
			if err == nil && (r.String() != text || strings.Count(text, "/") != slashes || r.Region != RegionOf(text)) {
				t.Errorf("%q is read as %+v", text, r)
			}
		}
		z, err := Zone(text)
		if err == nil && (z.String() != text || z.Kind != "") {
			t.Errorf("%q is read as the zone %+v", text, z)
		}
		if c, err := Component(text); err == nil {
			if at, err := Zone(ZoneOf(text)); err != nil || at != (Ref{Region: c.Region, Zone: c.Zone}) {
				t.Errorf("%q is in the zone %+v: %v", text, at, err)
			}
		}
	})
}

func TestARefIsRefusedWithWhatToWrite(t *testing.T) {
	t.Parallel()
	for want, parse := range map[string]func(string) (Ref, error){
		"REGION/ZONE/KIND": Component, "REGION/ENGINE": Cluster, "REGION/ZONE,": Zone,
	} {
		if _, err := parse("us-east-1//"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"us-east-1//"`) {
			t.Errorf("%v", err)
		}
	}
}
