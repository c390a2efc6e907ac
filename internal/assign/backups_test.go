package assign

import (
	"slices"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
)

func postgresOf(t *testing.T, l place.Layout, p place.Programs, s place.Secrets, region string) node.Unit {
	t.Helper()
	a, err := Assign(l, p, s, region, "a", Desired{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(a.Units, func(u node.Unit) bool { return u.Name == place.Postgres })
	return a.Units[i]
}

func fileOf(u node.Unit, path string) string {
	for _, f := range u.Files {
		if f.Path == path {
			return f.Content
		}
	}
	return ""
}

// Each cluster archives into the store of its own region, or into the platform's where the
// region has none.
func TestADatabaseArchives(t *testing.T) {
	t.Parallel()
	p := place.Programs{PgBackRest: "/usr/bin/pgbackrest"}
	s := place.Secrets{Superuser: "super", Backups: strings.Repeat("p", 40), Buckets: "of-regions", Objects: "of-archive"}
	pair, alone := placetest.Layout(t), placetest.Layout(t)
	pair.Regions = []string{"us-east-1", "us-west-2"}
	netns := pair
	netns.NetNS = true
	for name, c := range map[string]struct {
		l        place.Layout
		region   string
		endpoint string
		secret   string
		ca       string
	}{
		"of a pair":    {pair, "us-west-2", strings.TrimSuffix(pair.BucketAddress("us-west-2"), ":9000"), "of-regions", "/data/tls/backups-us-west-2.pem"},
		"alone":        {alone, "us-east-1", "127.1.0.3", "of-archive", "/data/tls/backups-us-east-1.pem"},
		"in namespace": {netns, "us-east-1", "10.1.0.4", "of-regions", "/data/tls/backups-us-east-1.pem"},
	} {
		u := postgresOf(t, c.l, p, s, c.region)
		config := fileOf(u, "pgbackrest.conf")
		for _, line := range []string{"repo1-s3-endpoint=" + c.endpoint, "repo1-s3-key-secret=" + c.secret, "repo1-storage-ca-file=" + c.ca, "repo1-cipher-pass=" + s.Backups, "archive-push-queue-max=4GiB", "[" + c.region + "]"} {
			if !strings.Contains(config, line+"\n") {
				t.Errorf("%s: pgbackrest.conf has no %s:\n%s", name, line, config)
			}
		}
		if got := fileOf(u, "pgbackrest.pass"); got != "*:*:*:postgres:super\n" {
			t.Errorf("%s: %q", name, got)
		}
		patroni := fileOf(u, "patroni.yml")
		for _, line := range []string{"archive_mode: \"on\"", "archive_timeout: 60s", "unix_socket_directories: \"{home}\"", "local all postgres scram-sha-256"} {
			if !strings.Contains(patroni, line) {
				t.Errorf("%s: patroni.yml has no %s:\n%s", name, line, patroni)
			}
		}
		if strings.Contains(patroni, s.Backups) || slices.ContainsFunc(u.Argv, func(a string) bool { return strings.Contains(a, s.Backups) }) {
			t.Errorf("%s: the passphrase is where it need not be", name)
		}
	}
	external := alone
	external.Platform.Spec.Archive.Bucket = "journal"
	for name, u := range map[string]node.Unit{"no store": postgresOf(t, external, p, s, "us-east-1"), "no pgBackRest": postgresOf(t, pair, place.Programs{}, s, "us-east-1")} {
		if config := fileOf(u, "patroni.yml"); strings.Contains(config, "archive") || !strings.Contains(config, `unix_socket_directories: ""`) || fileOf(u, "pgbackrest.conf") != "" {
			t.Errorf("%s: %s", name, config)
		}
	}
}

func TestADataDirectoryThatIsTooDeep(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	if err := CheckSockets(l); err != nil {
		t.Error(err)
	}
	l.Root = "/" + strings.Repeat("d", 80)
	err := CheckSockets(l)
	if err == nil || !strings.Contains(err.Error(), "9 characters shorter") {
		t.Errorf("%v", err)
	}
}
