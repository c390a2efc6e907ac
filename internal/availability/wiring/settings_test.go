package wiring

import (
	"maps"
	"slices"
	"testing"
)

// What the cluster's configuration says of a parameter, its servers do not say again.
func TestSettingsAreToldOnce(t *testing.T) {
	t.Parallel()
	is := map[string][]string{
		"a": {"wal_keep_size is 0 in postgresql.conf, declared is 128MB", "fsync is off and loses what was acknowledged in a crash"},
		"b": {"wal_keep_size is 0 in postgresql.conf, declared is 128MB"},
	}
	want := map[string][]string{"a": is["a"][1:]}
	got := once(is, []string{"postgresql.parameters.wal_keep_size is 0, declared is 128MB"})
	if !maps.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("%q, want %q", got, want)
	}
}
