package patroni

import (
	"encoding/json"
	"testing"
)

// Only standby_cluster changes, whatever else the configuration holds, and saying the
// same again changes nothing.
func TestWithStandby(t *testing.T) {
	t.Parallel()
	config := []byte(`{"ttl":20,"slots":{"partner":{"type":"physical"}},"pause":false}`)
	hosts := standbyCluster([]string{"127.1.1.1", "127.1.2.1"})
	next, changed, err := withStandby(config, hosts)
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	var doc struct {
		TTL     int                       `json:"ttl"`
		Slots   map[string]map[string]any `json:"slots"`
		Standby struct {
			Host string `json:"host"`
			Port int    `json:"port"`
			Slot string `json:"primary_slot_name"`
		} `json:"standby_cluster"`
	}
	if err := json.Unmarshal(next, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.TTL != 20 || doc.Slots["partner"]["type"] != "physical" || doc.Standby.Host != "127.1.1.1,127.1.2.1" || doc.Standby.Port != 5432 || doc.Standby.Slot != PartnerSlot {
		t.Errorf("%+v", doc)
	}
	if _, changed, err := withStandby(next, hosts); err != nil || changed {
		t.Errorf("the same again: changed %v, %v", changed, err)
	}
	back, changed, err := withStandby(next, nil)
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	if _, changed, err := withStandby(back, nil); err != nil || changed {
		t.Errorf("leading already: changed %v, %v", changed, err)
	}
	if _, _, err := withStandby([]byte("{"), nil); err == nil {
		t.Error("a broken configuration was taken")
	}
}

// A cluster that began without a partner gets its slot, and keeps what else it has.
func TestWithSlot(t *testing.T) {
	t.Parallel()
	for _, config := range []string{`{"ttl":20}`, `{"ttl":20,"slots":{"other":{"type":"physical"}}}`, `{"ttl":20,"slots":null}`} {
		next, changed, err := withSlot([]byte(config))
		if err != nil || !changed {
			t.Fatal(config, changed, err)
		}
		var doc struct {
			TTL   int                       `json:"ttl"`
			Slots map[string]map[string]any `json:"slots"`
		}
		if err := json.Unmarshal(next, &doc); err != nil || doc.TTL != 20 || doc.Slots[PartnerSlot]["cluster_type"] != "primary" {
			t.Errorf("%s became %s (%v)", config, next, err)
		}
		if _, changed, err := withSlot(next); err != nil || changed {
			t.Errorf("the same again: changed %v, %v", changed, err)
		}
	}
}
