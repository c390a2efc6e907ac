package spec

import "fmt"

// checkZones: whether the loss of a zone leaves enough behind (rows 7.1.3–7.1.5, 7.1.8).
// The region with the fewest zones decides; etcd, one member in each zone, makes all alike.
func checkZones(s *PlatformSpec) []Contradiction {
	if len(s.Regions) == 0 {
		return nil
	}
	least := 0
	for i, r := range s.Regions {
		if len(r.Zones) < len(s.Regions[least].Zones) {
			least = i
		}
	}
	r, path := s.Regions[least], fmt.Sprintf("spec.regions[%d].zones", least)
	if len(r.Zones) > 1 {
		return shared(s, len(r.Zones), path)
	}
	return []Contradiction{{
		Code: "no-zone-to-fail-over-to", Severity: Conflict,
		Title:      fmt.Sprintf("region %s has one zone and cannot fail over within itself", r.Name),
		Arithmetic: []string{fmt.Sprintf("1 zone − 1 lost zone = 0 zones that could serve within %s", s.Failover.WithinRegion.Within)},
		Remedy:     "declare three zones",
		Paths:      []string{path, "spec.failover.withinRegion.within"},
	}}
}

// shared finds engines of which several members are in one zone, and voters among them
// that lose their majority with it.
func shared(s *PlatformSpec, zones int, path string) []Contradiction {
	var out []Contradiction
	for _, e := range []struct {
		noun, path string
		members    int
		vote       bool
	}{
		{"PostgreSQL member", "spec.engines.postgres.replicas", s.Engines.Postgres.Primaries + s.Engines.Postgres.Replicas, false},
		{"application cluster", "spec.engines.application.clustersPerRegion", s.Engines.Application.ClustersPerRegion, false},
		{"Redis node", "spec.engines.redis.nodes", s.Engines.Redis.Nodes, false},
		{"Sentinel", "spec.engines.redis.sentinels", s.Engines.Redis.Sentinels, true},
	} {
		lost := (e.members + zones - 1) / zones
		left := e.members - lost
		c := Contradiction{
			Code: "several-share-a-zone", Severity: Note, Paths: []string{e.path, path},
			Title:      fmt.Sprintf("%s in %s: several share one", count(e.members, e.noun), count(zones, "zone")),
			Arithmetic: []string{fmt.Sprintf("%d in %d zones: the loss of one zone takes up to %d, and leaves %d", e.members, zones, lost, left)},
			Remedy:     fmt.Sprintf("declare %s, or %d zones", count(zones, e.noun), e.members),
		}
		switch majority := e.members/2 + 1; {
		case e.vote && left < majority:
			c.Code, c.Severity = "zone-takes-the-majority", Conflict
			c.Title = fmt.Sprintf("the loss of one zone takes the majority of %s", count(e.members, e.noun))
			c.Arithmetic = append(c.Arithmetic, fmt.Sprintf("%d < %d, the majority that a failover needs", left, majority))
			c.Remedy = "declare three zones with one each"
		case lost <= 1:
			continue
		}
		out = append(out, c)
	}
	return out
}
