package pgbackrest

import (
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/fact"
)

func FuzzPosition(f *testing.F) {
	for _, s := range []string{"0/2000028", "7FFFFFFF/FFFFFFFF", "80000000/0", "x/", "0/+1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePosition(s)
		if err != nil {
			return
		}
		if again, err := parsePosition(position(p)); err != nil || again != p || p < 0 {
			t.Fatalf("%q is %d, and again %d: %v", s, p, again, err)
		}
	})
}

func FuzzSegment(f *testing.F) {
	f.Add("000000010000000000000002", uint8(4))
	f.Add("0000000A000000FF000000FF", uint8(4))
	f.Add("000000010000000000000100", uint8(4))
	f.Add("+00000010000000000000002", uint8(0))
	f.Fuzz(func(t *testing.T, name string, shift uint8) {
		size := int64(1<<20) << (shift % 11) // 1 MB to 1 GB, as initdb allows
		s, err := parseSegment(name, size)
		if err != nil {
			return
		}
		if s.name(size) != name || s.number < 0 || !strings.HasPrefix(name, s.folder(size)) {
			t.Fatalf("%q is %+v", name, s)
		}
	})
}

func FuzzHistory(f *testing.F) {
	f.Add([]byte("1\t0/3000158\tno recovery target specified\n"))
	f.Add([]byte("1\t0/3000158\tbefore 2026\n\n# x\n2\t0/5000000\t\n"))
	f.Add([]byte("2\t0/5\tx\n1\t0/1\tx"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHistory(b)
		for i := range h {
			if err == nil && i > 0 && (h[i-1].timeline >= h[i].timeline || h[i-1].left > h[i].left) {
				t.Fatalf("%+v is out of order", h)
			}
		}
	})
}

const someListing = `{".":{"type":"path"},"0000000100000000":{"type":"path"},
"0000000100000000/000000010000000000000001-cac23934518db233357ddf2914dba26be7a4025e.zst":{"type":"file","size":2139856,"time":1796065746},
"0000000100000000/000000010000000000000002-cac23934518db233357ddf2914dba26be7a4025e.zst":{"type":"file","size":0,"time":1796065749},
"0000000100000000/000000010000000000000003-cac23934518db233357ddf2914dba26be7a4025e.zst":{"type":"file","size":7,"time":1796065749},
"0000000100000000/000000010000000000000003-dac23934518db233357ddf2914dba26be7a4025e.zst":{"type":"file","size":7,"time":1796065749},
"0000000100000000/000000010000000000000002.00000028.backup":{"type":"file","size":400,"time":1796065749},
"0000000100000000/000000010000000000000004.partial-cac23934518db233357ddf2914dba26be7a4025e.zst":{"type":"file","size":400,"time":1796065749},
"00000002.history":{"type":"file","size":80,"time":1796065750}}`

func FuzzListing(f *testing.F) {
	f.Add([]byte(someListing))
	f.Add([]byte(`{".":{"type":"path"}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		files, err := parseListing(b)
		if err != nil {
			return
		}
		a := archiveOf(files, defaultSegment)
		for timeline, line := range a.segments {
			for i, s := range line {
				if i > 0 && line[i-1].number >= s.number {
					t.Fatalf("timeline %d is out of order: %+v", timeline, line)
				}
			}
		}
		first := fact.Backup{Label: "x", First: "000000010000000000000001", Last: "000000010000000000000002"}
		if way, err := a.path(first, 1, nil, defaultSegment); err == nil {
			if c := a.chain(first, way, Target{Kind: Newest}, defaultSegment); c.Reached != (len(c.Gaps) == 0) {
				t.Fatalf("%+v", c)
			}
		}
	})
}

func FuzzMessages(f *testing.F) {
	f.Add("INFO: backup command begin 2.45\nERROR: [055]: unable to load\n       HINT: x\nDETAIL: y\n")
	f.Add("ERROR: [999]: x\n continued\n")
	f.Add("ERROR: [DRY-RUN] repo1: x\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		r := record{follow: func(m message) {
			if n++; len(m.text) > 2*mostText || strings.ContainsAny(m.text, "\x00\r") {
				t.Fatalf("%q", m.text)
			}
		}}
		l := lines{each: r.line}
		for len(text) > 0 { // as a pipe brings it, in parts
			part := text[:min(len(text), 7)]
			_, _ = l.Write([]byte(part))
			text = text[len(part):]
		}
		l.end()
		r.end()
		if len(brief(r.first.text)) > 410 || n == 0 && r.first.level != "" {
			t.Fatalf("%+v", r.first)
		}
	})
}

const someInfo = `[{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":"000000010000000000000002","min":"000000010000000000000001"}],
"backup":[{"annotation":{"gfs":"daily"},"archive":{"start":"000000010000000000000002","stop":"000000010000000000000002"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":false,
"info":{"delta":30570211,"repository":{"delta":3506304,"size":3506304},"size":30570211},"label":"20261130-190736F","lsn":{"start":"0/2000028","stop":"0/2000100"},"prior":null,"reference":null,"timestamp":{"start":1796065656,"stop":1796065661},"type":"full",
"database-ref":[{"name":"postgres","oid":5}],"link":[{"destination":"/x","name":"pg_wal"}],"tablespace":[{"name":"t","oid":16384,"destination":"/t"}],"error-list":["base/5/1"]}],
"cipher":"aes-256-cbc","db":[{"id":1,"repo-key":1,"system-id":7714042429019965034,"version":"15"}],"name":"main","repo":[{"cipher":"aes-256-cbc","key":1,"status":{"code":0,"message":"ok"}}],"status":{"code":0,"lock":{"backup":{"held":false}},"message":"ok"}}]`

func FuzzInfo(f *testing.F) {
	f.Add([]byte(someInfo))
	f.Add([]byte(`[{"name":"main","repo":[{"status":{"code":99,"message":"[HostConnectError] unable to connect to 'x': refused"}}],"status":{"code":99,"message":"other"}}]`))
	f.Add([]byte("[{\"name\":\"main\",\"repo\":[{\"status\":{\"code\":99,\"message\":\"[FormatError] unable to load info file\x10\xff outside of section\"}}],\"status\":{\"code\":99}}]"))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := parseInfo(b)
		if err != nil {
			return
		}
		for _, s := range all {
			if err := (Engine{Stanza: "main"}).status(s); err != nil && (err.Error() == "" || strings.Contains(err.Error(), "\n")) {
				t.Fatalf("%q", err)
			}
			r, err := s.repository()
			for i, one := range r.Backups {
				if err == nil && (!labels.MatchString(one.Label) || i > 0 && one.Ended.Before(r.Backups[i-1].Ended)) {
					t.Fatalf("%+v", r.Backups)
				}
			}
		}
	})
}

const someVerification = `stanza: main
status: ok
  archiveId: 15-1, total WAL checked: 8, total valid WAL: 8
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261130-190906F, status: valid, total files checked: 968, total valid files: 968
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
`

func FuzzVerification(f *testing.F) {
	f.Add(someVerification)
	f.Add(strings.ReplaceAll(someVerification, "valid, total files checked: 968", "manifest missing, total files checked: 0"))
	f.Add("stanza: main\nstatus: error\n  No usable backup.info file\n")
	f.Add("stanza: main\nstatus: ok\n  archiveId: none found\n  backup: none found\n")
	f.Add("stanza: main\nstatus: ok\n  backup: x, status: valid, total files checked: 99999999999999999999999, total valid files: 99999999999999999999999\n")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseVerification(text, "main")
		if err != nil || !v.Sound() {
			return
		}
		for _, b := range v.Backups {
			if b.Status != "valid" || b.Checked <= 0 || b.Checked != b.Valid || b.Wrong != (fact.Wrong{}) {
				t.Fatalf("it passes: %+v", b)
			}
		}
		if !strings.Contains(text, "status: ok") || strings.Contains(text, "No usable") {
			t.Fatalf("it passes: %q", text)
		}
	})
}

func FuzzFile(f *testing.F) {
	f.Add("backup file /d/base/1/1249 (bundle 2/0, 448KB, 25.96%) checksum e5acf79a523953a81275e9a1d90c29a4aff09d86")
	f.Add("restore file /d/a (b)/1 (7.1MB, 24.45%) checksum 28df2f9f270217fc286a43f9245fbe98e1e1bbfa")
	f.Add("backup file x (99999999999999999999PB, 1%)")
	f.Fuzz(func(t *testing.T, text string) {
		size, done, ok := parseFile(text)
		if ok && (size < 0 || done < 0 || done > 1) {
			t.Fatalf("%d %f", size, done)
		}
	})
}

func FuzzBackupLabel(f *testing.F) {
	f.Add("START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\nCHECKPOINT LOCATION: 0/2000060\n")
	f.Add("START WAL LOCATION:")
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := parseBackupLabel(text); err == nil && p < 0 {
			t.Fatal(p)
		}
	})
}

func FuzzExpires(f *testing.F) {
	f.Add("[DRY-RUN] repo1: remove expired backup 20261130-190906F")
	f.Add("repo1: 15-1 remove archive, start = 000000010000000000000001, stop = 00000001000000000000000A")
	f.Fuzz(func(t *testing.T, text string) {
		var x fact.BackupExpiry
		expires(&x, text, fact.BackupRepository{Backups: []fact.Backup{{Label: "20261130-190906F"}}})
		if len(x.Backups) > 0 && x.Backups[0] != "20261130-190906F" {
			t.Fatalf("%+v", x)
		}
	})
}

func FuzzVersion(f *testing.F) {
	for _, s := range []string{"pgBackRest 2.45\n", "pgBackRest 2.58.0", "pgBackRest 2.9dev", "2.45", "pgBackRest 1.2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := parseVersion("p", s); err == nil && !strings.Contains(s, "pgBackRest "+v) {
			t.Fatalf("%q is %q", s, v)
		}
	})
}
