package spec

import (
	"fmt"
	"math"
)

// slack forgives what binary fractions do to a comparison of shares.
const slack = 1e-9

// checkCells: whether one cell is within the blast radius (row 7.5.4).
func checkCells(s *PlatformSpec) []Contradiction {
	n, blast := s.active(), float64(s.Targets.BlastRadius)
	if n == 0 {
		return nil
	}
	perRegion := s.Cells.Count / n
	paths := []string{"spec.cells.count", "spec.regions", "spec.targets.blastRadius"}
	if perRegion == 0 {
		return []Contradiction{{
			Code: "region-without-cell", Severity: Conflict, Paths: paths,
			Title:      fmt.Sprintf("%s cannot divide the customers of %s", count(s.Cells.Count, "cell"), count(n, "active region")),
			Arithmetic: []string{fmt.Sprintf("%d / %d < 1: a customer lives in exactly one cell, and a cell in one region", s.Cells.Count, n)},
			Remedy:     fmt.Sprintf("declare %d cells", enough(n, blast)),
		}}
	}
	largest := 1 / float64(n*perRegion)
	if largest > blast+slack {
		return []Contradiction{{
			Code: "cell-exceeds-blast-radius", Severity: Conflict, Paths: paths,
			Title: fmt.Sprintf("a cell of %s is larger than the blast radius of %s", percent(largest, 1), percent(blast, 2)),
			Arithmetic: []string{
				fmt.Sprintf("%s over %s: at least one region has only %d", count(s.Cells.Count, "cell"), count(n, "active region"), perRegion),
				fmt.Sprintf("100 %% / %d regions / %d cells = %s > %s", n, perRegion, percent(largest, 1), percent(blast, 2)),
			},
			Remedy: fmt.Sprintf("declare %d cells, %d for each active region", enough(n, blast), enough(n, blast)/n),
		}}
	}
	return clustersAsCells(s, n, largest)
}

// enough returns the least number of cells that divides the regions evenly and is within the blast radius.
func enough(regions int, blast float64) int {
	return regions * int(math.Ceil(1/blast/float64(regions)-slack))
}

// clustersAsCells: application clusters are fewer than cells have to be (row 7.1.3).
func clustersAsCells(s *PlatformSpec, n int, largest float64) []Contradiction {
	blast := float64(s.Targets.BlastRadius)
	clusters := n * s.Engines.Application.ClustersPerRegion
	share := 1 / float64(clusters)
	if share <= blast+slack {
		return nil
	}
	return []Contradiction{{
		Code: "clusters-are-not-cells", Severity: Note,
		Title: fmt.Sprintf("a cluster of %s is larger than the blast radius of %s, a cell of %s is not", percent(share, 1), percent(blast, 2), percent(largest, 1)),
		Arithmetic: []string{
			fmt.Sprintf("%d clusters × %d active regions = %d cells of 100 %% / %d = %s > %s", s.Engines.Application.ClustersPerRegion, n, clusters, clusters, percent(share, 1), percent(blast, 2)),
			fmt.Sprintf("%d declared cells = %d for each active region: 100 %% / %d = %s", s.Cells.Count, s.Cells.Count/n, s.Cells.Count, percent(largest, 1)),
		},
		Remedy: "change everything cell by cell, never cluster by cluster: releases, configuration, certificates, flags",
		Paths:  []string{"spec.cells.count", "spec.engines.application.clustersPerRegion", "spec.targets.blastRadius"},
	}}
}

// checkRegionLoss: a region holds more customers than a failure may reach.
func checkRegionLoss(s *PlatformSpec) []Contradiction {
	n, blast := s.active(), float64(s.Targets.BlastRadius)
	if n == 0 || 1/float64(n) <= blast+slack {
		return nil
	}
	return []Contradiction{{
		Code: "region-exceeds-blast-radius", Severity: Note,
		Title: fmt.Sprintf("the loss of a region reaches %s of the customers, over the blast radius of %s", percent(1/float64(n), 1), percent(blast, 2)),
		Arithmetic: []string{
			fmt.Sprintf("100 %% / %s = %s > %s", count(n, "active region"), percent(1/float64(n), 1), percent(blast, 2)),
			fmt.Sprintf("cross-region failover may take %s, and is %s", s.Failover.CrossRegion.Within, s.Failover.CrossRegion.Mode),
		},
		Remedy: "evacuate a region before its customers count as affected; until then this bound holds for everything but the loss of a whole region",
		Paths:  []string{"spec.regions", "spec.targets.blastRadius", "spec.failover.crossRegion.within"},
	}}
}
