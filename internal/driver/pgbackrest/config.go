package pgbackrest

import (
	"fmt"
	"net"
	"path"
	"strconv"
	"strings"
	"time"
)

// The files and directories of a stanza, below its home.
const (
	ConfigFile   = "pgbackrest.conf" // holds the keys and the passphrase: nobody but its owner may read it
	PasswordFile = "pgbackrest.pass" //nolint:gosec // a name; libpq's file of the server's password
	folder       = "pgbackrest"      // logs, locks and spool
)

// queueMost is how much of the log may wait for a store that is away: four hours of a quiet
// server, which ends a segment of 16 MiB each minute.
const queueMost = "4GiB"

// outOfReach is a retention that nothing ever exceeds: sets expire by their label alone.
const outOfReach = 9999999

// Config renders the stanza's configuration, and libpq's password file. Both are of mode 0600,
// in the stanza's home.
//
// Archiving is synchronous. An asynchronous archiver detaches itself and works in "/", where a
// fence does not find it: a fenced primary would go on to store its log. One segment takes a
// fraction of a second, and one is stored each minute.
//
// A store that is away or slow does not stop the server: it goes on, and keeps the log until that
// is stored. Once more than [queueMost] waits, pgBackRest lets it go: a primary whose disk is full
// stops everything, and a gap in the log is found from outside, see [Engine.Chain].
func (s Stanza) Config() (config, passwords string, err error) {
	if err := s.check(); err != nil {
		return "", "", err
	}
	r := s.Repository
	host, port, err := net.SplitHostPort(r.Endpoint)
	if err != nil {
		return "", "", err // check has refused it
	}
	var b strings.Builder
	section := func(name string, pairs ...string) {
		fmt.Fprintf(&b, "[%s]\n", name)
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] != "" {
				fmt.Fprintf(&b, "%s=%s\n", pairs[i], pairs[i+1])
			}
		}
	}
	section("global",
		"repo1-type", "s3", "repo1-path", r.Path, "repo1-s3-bucket", r.Bucket, "repo1-s3-region", or(r.Region, defaultRegion),
		"repo1-s3-endpoint", host, "repo1-storage-port", port, "repo1-s3-uri-style", "path",
		"repo1-storage-verify-tls", "y", "repo1-storage-ca-file", r.CAFile,
		"repo1-s3-key", r.AccessKey, "repo1-s3-key-secret", r.SecretKey,
		"repo1-cipher-type", "aes-256-cbc", "repo1-cipher-pass", r.Passphrase,
		// Small files together: a new cluster is 5 objects instead of 970, and each is locked and copied apart.
		"repo1-bundle", "y",
		"repo1-retention-full", strconv.Itoa(outOfReach), "repo1-retention-archive-type", "full", "expire-auto", "n",
		"start-fast", "y", "archive-async", "n", "archive-push-queue-max", queueMost, "archive-timeout", seconds(or(s.Archiving, defaultArchiving)), "io-timeout", seconds(or(r.Patience, defaultPatience)),
		"process-max", strconv.Itoa(or(s.Processes, defaultProcesses)), "compress-type", "zst", "compress-level", "1",
		// A verb's log is read as it comes; the file is for what archives when no verb runs.
		"log-level-console", "off", "log-level-stderr", "warn", "log-level-file", "warn",
		"log-path", path.Join(s.Home, folder, "log"), "lock-path", path.Join(s.Home, folder, "lock"), "spool-path", path.Join(s.Home, folder, "spool"),
	)
	b.WriteByte('\n')
	section(s.Name, "pg1-path", s.Data, "pg1-socket-path", s.SocketDir, "pg1-port", strconv.Itoa(s.Port), "pg1-user", s.User, "pg1-database", "postgres")
	if s.Password != "" {
		passwords = "*:*:*:" + s.User + ":" + strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(s.Password) + "\n"
	}
	return b.String(), passwords, nil
}

// seconds writes a duration as pgBackRest takes it, to a tenth.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(max(d, 100*time.Millisecond).Seconds(), 'f', -1, 64)
}
