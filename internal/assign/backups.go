package assign

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/pgbackrest"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
)

// Stanza returns a region's cluster as pgBackRest knows it beside one of its members. False: the
// region has nowhere to store backups, or pgBackRest is not installed.
func Stanza(l place.Layout, p place.Programs, s place.Secrets, region string) (pgbackrest.Stanza, bool) {
	store, ok := l.BackupStore(s, region)
	if !ok || p.PgBackRest == "" {
		return pgbackrest.Stanza{}, false
	}
	return pgbackrest.Stanza{
		Name: region, Program: p.PgBackRest, Home: "{home}", Data: "{home}/data", SocketDir: "{home}", Port: patroni.PostgresPort,
		User: patroni.SuperUser, Password: s.Superuser,
		Repository: pgbackrest.Repository{
			Endpoint: store.Address, Bucket: place.BackupsBucket, Path: place.BackupsPath, AccessKey: place.ObjectsKey, SecretKey: store.SecretKey,
			CAFile: store.Shown, Passphrase: s.Backups, Patience: BucketStall,
		},
	}, true
}

// archive lets a member archive into its region's repository, and returns the files that
// pgBackRest needs beside it.
func archive(m *patroni.Member, l place.Layout, p place.Programs, s place.Secrets, region string) ([]node.File, error) {
	stanza, ok := Stanza(l, p, s, region)
	if !ok {
		return nil, nil
	}
	config, passwords, err := stanza.Config()
	if err != nil {
		return nil, err
	}
	m.Archive = patroni.Archive{Parameters: stanza.Parameters(), Rules: stanza.Rules()}
	return []node.File{{Path: pgbackrest.ConfigFile, Content: config}, {Path: pgbackrest.PasswordFile, Content: passwords}}, nil
}

// mostSocket is how long the path of a Unix socket may be on Linux.
const mostSocket = 107

// CheckSockets refuses a data directory that is too deep: each database listens on a socket in its
// own directory, for pgBackRest.
func CheckSockets(l place.Layout) error {
	for _, region := range l.Regions {
		r, _ := l.Platform.Region(region)
		for _, zone := range r.Zones {
			socket := filepath.Join(node.Home(l.Dir(region, zone), place.Postgres), ".s.PGSQL."+strconv.Itoa(patroni.PostgresPort))
			if over := len(socket) - mostSocket; over > 0 {
				return fmt.Errorf("the data directory %s is too deep: the socket %s would have %d characters, at most %d are possible; choose one whose path is %d characters shorter, with --data", l.Root, socket, len(socket), mostSocket, over)
			}
		}
	}
	return nil
}
