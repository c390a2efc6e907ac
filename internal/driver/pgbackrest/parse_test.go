package pgbackrest

import (
	"context"
	"errors"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

func TestInfoIsReadWhole(t *testing.T) {
	t.Parallel()
	all, err := parseInfo([]byte(someInfo))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	got, err := all[0].repository()
	if err != nil {
		t.Fatal(err)
	}
	want := fact.BackupRepository{
		Stanza: "main", Cipher: "aes-256-cbc", Status: "ok",
		Clusters: []fact.BackupCluster{{Number: 1, System: 7714042429019965034, Version: "15"}},
		Archives: []fact.BackupArchive{{ID: "15-1", Cluster: 1, First: "000000010000000000000001", Last: "000000010000000000000002"}},
		Backups: []fact.Backup{{
			Label: "20261130-190736F", Kind: "full", Annotations: map[string]string{"gfs": "daily"}, Cluster: 1,
			Begun: time.Unix(1796065656, 0).UTC(), Ended: time.Unix(1796065661, 0).UTC(), Begin: 0x2000028, End: 0x2000100,
			First: "000000010000000000000002", Last: "000000010000000000000002", Size: 30570211, Copied: 30570211, Stored: 3506304, StoredItself: 3506304,
			Engine: "2.45", Format: 5, Databases: []fact.BackupDatabase{{Name: "postgres", OID: 5}},
			Tablespaces: []fact.BackupTable{{Name: "t", OID: 16384, Path: "/t"}}, Links: map[string]string{"pg_wal": "/x"}, BadFiles: []string{"base/5/1"},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

// What pgBackRest says of errors, as 2.45 says it, and the kind that it has.
func TestKindsOfErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"ERROR: [055]: unable to load info file '/x' or '/x.copy':\n FileMissingError: unable to open\n HINT: has a stanza-create been performed?":                                                          ErrNoStanza,
		"ERROR: [029]: unable to load info file '/x' or '/x.copy':\n FormatError: key/value found outside of section at line 1: \xff\xfe\x01x\n HINT: has a stanza-create been performed?":                  ErrPassphrase,
		"ERROR: [095]: unable to load info file '/x' or '/x.copy':\n CryptoError: cipher header invalid\n":                                                                                                  ErrPassphrase,
		"ERROR: [026]: unable to load info file '/x' or '/x.copy':\n ChecksumError: invalid checksum\n ChecksumError: invalid checksum":                                                                     ErrDamaged,
		"ERROR: [039]: HTTP request failed with 403 (Forbidden):\n *** Path/Query ***:\n HEAD /b/x":                                                                                                         ErrDenied,
		"ERROR: [039]: HTTP request failed with 404 (Not Found):\n <Error><Code>NoSuchBucket</Code></Error>":                                                                                                ErrNoBucket,
		"ERROR: [101]: HTTP request failed with 503 (Service Unavailable):":                                                                                                                                 ErrUnreachable,
		"ERROR: [049]: unable to connect to '127.0.0.4:9009': [111] Connection refused":                                                                                                                     ErrUnreachable,
		"ERROR: [095]: unable to find hostname '127.0.0.4' in certificate common name or subject alternative names":                                                                                         ErrUntrusted,
		"ERROR: [028]: backup and archive info files exist but do not match the database\n HINT: is this the correct stanza?":                                                                               ErrOtherCluster,
		"ERROR: [051]: PostgreSQL version 15, system-id 1 do not match stanza version 15, system-id 2\n HINT: is this the correct stanza?":                                                                  ErrOtherCluster,
		"ERROR: [075]: [DRY-RUN] repo1: full backup 20261130-190906F cannot be expired until another full backup has been created on this repo\nERROR: [104]: expire command encountered 1 error(s), check": ErrLastFull,
		"ERROR: [075]: unable to find backup set with stop time less than '2020-01-01 00:00:00+00'":                                                                                                         ErrNoBackup,
		"ERROR: [040]: unable to restore to path '/x' because it contains files":                                                                                                                            ErrNotEmpty,
		"ERROR: [038]: unable to restore while PostgreSQL is running":                                                                                                                                       ErrRunning,
		"ERROR: [050]: unable to acquire lock on file '/x': Resource temporarily unavailable":                                                                                                               ErrBusy,
		"ERROR: [082]: WAL segment 00000001000000000000000A was not archived before the 1000ms timeout":                                                                                                     ErrNotArchived,
		"ERROR: [056]: unable to find primary cluster - cannot proceed":                                                                                                                                     ErrDatabase,
		"ERROR: [064]: unable to write '/x': [28] No space left on device":                                                                                                                                  ErrFull,
		"ERROR: [042]: unable to read '/x': [5] Input/output error":                                                                                                                                         nil,
	} {
		r := record{}
		for line := range strings.Lines(text) {
			r.line(strings.TrimRight(line, "\n"))
		}
		r.end()
		exit := exec.CommandContext(t.Context(), "/bin/sh", "-c", "exit 7").Run()
		err := Engine{Stanza: "main"}.failed(context.Background(), "backup", exit, r.first)
		var e *Error
		if !errors.As(err, &e) || e.Kind != want || e.Code != 7 { //nolint:errorlint // a kind is one of a list
			t.Errorf("%q is %v", text, err)
		}
		if strings.Contains(err.Error(), "\n") || want != nil && !strings.Contains(err.Error(), hints[want]) {
			t.Errorf("%q", err)
		}
	}
	for code, name := range codes {
		camel := ""
		for word := range strings.SplitSeq(name, "-") {
			camel += strings.ToUpper(word[:1]) + word[1:]
		}
		if got := codeOf(camel + "Error"); got != code {
			t.Errorf("%s is %d, not %d", camel, code, got)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for out, ok := range map[string]bool{"pgBackRest 2.45\n": true, "pgBackRest 2.58.0": true, "pgBackRest 2.44": false, "pgBackRest 1.50": false, "pgBackRest": false, "x 2.45": false} {
		if v, err := parseVersion("/p", out); (err == nil) != ok {
			t.Errorf("%q: %q, %v", out, v, err)
		}
	}
}
