package wiring

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/recovery"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	w, of := housed(t)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(of.Metrics...)
	gather := func() map[string]float64 {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				out[f.GetName()+" "+m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
			}
		}
		return out
	}
	w.house.Facts.PutPostgres("us-west-2", func(p *fact.Postgres) { p.Lock.Standby = true })
	if got, want := gather(), map[string]float64{"fournines_backup_restorable us-east-1": 0}; !maps.Equal(got, want) {
		t.Errorf("of a repository that was never read, and a region that follows: %v", got)
	}
	r, err := w.repository("us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	r.seen = recovery.Seen{At: now, Repository: fact.BackupRepository{Clusters: []fact.BackupCluster{{Number: 1}}, Backups: []fact.Backup{{Label: "20261130-020000F", Kind: recovery.KindFull, Cluster: 1, Ended: now.Add(-time.Hour)}}}, Log: fact.WALChain{Reached: true, Stored: now}}
	got := gather()
	if names := slices.Sorted(maps.Keys(got)); len(names) != 5 || got["fournines_backup_restorable us-east-1"] != 1 || got["fournines_backup_sets us-east-1"] != 1 || got["fournines_backup_full_age_seconds us-east-1"] < 3600 {
		t.Errorf("%v", got)
	}
}
