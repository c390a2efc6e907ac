package app

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsroute53 "github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/driver/route53"
	"github.com/greenlang/fournines/internal/driver/route53/route53test"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/dns"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wing"
)

// The hosted zone follows every switch and every move, each with its entries; what a
// restart finds done is not done again.
func TestTheHostedZoneFollows_7_1_2(t *testing.T) {
	t.Parallel()
	endpoint, stop := route53test.Launch(t, "that a hosted zone follows switches and moves")
	defer stop()
	id := route53test.MakeZone(t, endpoint, "greenlang.com", "1")
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := newSiteOf(t, place.Installation{Regions: []string{"us-east-1", "eu-west-1", "us-west-2"}}, func(text string) string {
		return strings.Replace(text, "    ttl: 5s\n", fmt.Sprintf("    ttl: 5s\n    route53: {hostedZone: %s, name: api.greenlang.com, credentialsFile: %s, endpoint: %s, addresses: {eu-west-1: 203.0.113.2}}\n", id, keys, endpoint), 1)
	})
	settle := func(want ...string) {
		t.Helper()
		for {
			changed := a.s.State.Changed()
			var now struct {
				State     string
				Answering []string
			}
			if _, err := a.s.State.Get("hosted-zone/"+id, &now); err != nil {
				t.Fatal(err)
			}
			if now.State == "hosted-zone.applied" && slices.Equal(now.Answering, want) {
				break
			}
			select {
			case <-changed:
			case <-time.After(3 * time.Minute):
				t.Fatalf("the zone is not %v: %+v", want, now)
			}
		}
		out, err := route53test.Client(endpoint).ListResourceRecordSets(t.Context(), &awsroute53.ListResourceRecordSetsInput{HostedZoneId: &id})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range out.ResourceRecordSets {
			if r.Region != "" {
				got = append(got, string(r.Region))
			}
			if aws.ToString(r.Name) == "cell-1.api.greenlang.com." && *r.ResourceRecords[0].Value != "203.0.113.2" {
				t.Errorf("cell 1 is at %s", *r.ResourceRecords[0].Value)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("the zone names %v, want %v", got, want)
		}
	}
	settle("us-east-1", "eu-west-1")
	if err := wing.Record(t.Context(), a.s.House, availability.RegionSwitched, "us-east-1", availability.RegionWish{Region: "us-east-1", Off: true}); err != nil {
		t.Fatal(err)
	}
	settle("eu-west-1")
	if err := wing.Record(t.Context(), a.s.House, availability.HomeMoved, "us-east-1", availability.Home{Region: "us-east-1", Serving: "us-west-2"}); err != nil {
		t.Fatal(err)
	}
	settle("eu-west-1", "us-west-2")
	a.stop()
	a.start()
	if err := wing.Record(t.Context(), a.s.House, availability.RegionSwitched, "eu-west-1", availability.RegionWish{Region: "eu-west-1", Off: true}); err != nil {
		t.Fatal(err)
	}
	settle("us-west-2")
	count := map[string]int{}
	all, err := a.s.Journal.Read(0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		count[r.Kind]++
	}
	if count["hosted-zone.begun"] != 4 || count["hosted-zone.applied"] != 4 || count["hosted-zone.failed"] != 0 {
		t.Errorf("%d times begun, %d times applied, %d times failed; want 4, 4 and 0", count["hosted-zone.begun"], count["hosted-zone.applied"], count["hosted-zone.failed"])
	}
}

// A hosted zone and the edges' name servers send customers to the same regions, whatever
// is open and whatever its weight, as far as switches decide.
func TestZoneAndNameServersDecideAlike(t *testing.T) {
	t.Parallel()
	for bits := range 1 << 6 {
		var w route53.Want
		var c config.DNS
		for i := range 3 {
			open, weight := bits>>i&1 == 1, bits>>(3+i)&1
			name := fmt.Sprint("region-", i)
			w.Regions = append(w.Regions, route53.Region{Name: name, Open: open, Reserve: weight == 0})
			c.Regions = append(c.Regions, config.DNSRegion{Name: name, Open: open, Weight: &weight})
		}
		var a, b []string
		for _, r := range w.Answering() {
			a = append(a, r.Name)
		}
		for _, r := range dns.Decide(&c, func(string) bool { return true }, nil).Ranked {
			b = append(b, r.Name)
		}
		if !slices.Equal(a, b) {
			t.Errorf("%06b: the zone %v, the name servers %v", bits, a, b)
		}
	}
}
