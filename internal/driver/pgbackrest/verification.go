package pgbackrest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/greenlang/fournines/internal/fact"
)

var (
	archiveLine = regexp.MustCompile(`^  archiveId: (\S+), total WAL checked: (\d+), total valid WAL: (\d+)$`)
	backupLine  = regexp.MustCompile(`^  backup: (\S+), status: (.+), total files checked: (\d+), total valid files: (\d+)$`)
	countsLine  = regexp.MustCompile(`^    missing: (\d+), checksum invalid: (\d+), size invalid: (\d+), other: (\d+)$`)
	nothingLine = regexp.MustCompile(`^  (?:archiveId|backup): none found$`)
)

// parseVerification reads what `verify --output=text --verbose` printed. What it does not know is
// a finding, and so is every count and status that is not as it should be: a set whose manifest
// is lost stands below "status: ok".
func parseVerification(text, stanza string) (fact.BackupVerification, error) {
	v := fact.BackupVerification{Findings: []fact.BackupFinding{}}
	find := func(subject, format string, args ...any) {
		v.Findings = append(v.Findings, fact.BackupFinding{Subject: subject, Text: fmt.Sprintf(format, args...)})
	}
	var wrong *fact.Wrong // of the line before
	named, status := false, ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		counts := wrong
		wrong = nil
		if m := archiveLine.FindStringSubmatch(line); m != nil {
			v.Archives = append(v.Archives, fact.VerifiedArchive{ID: m[1], Checked: count(m[2]), Valid: count(m[3])})
			wrong = &v.Archives[len(v.Archives)-1].Wrong
			continue
		}
		if m := backupLine.FindStringSubmatch(line); m != nil {
			v.Backups = append(v.Backups, fact.VerifiedBackup{Label: m[1], Status: m[2], Checked: count(m[3]), Valid: count(m[4])})
			wrong = &v.Backups[len(v.Backups)-1].Wrong
			continue
		}
		if m := countsLine.FindStringSubmatch(line); m != nil && counts != nil {
			*counts = fact.Wrong{Missing: count(m[1]), Checksum: count(m[2]), Size: count(m[3]), Other: count(m[4])}
			continue
		}
		rest, isStatus := strings.CutPrefix(line, "status: ")
		switch {
		case line == "stanza: "+stanza:
			named = true
		case isStatus && status == "":
			status = rest
		case line == "" || nothingLine.MatchString(line):
		default:
			find(stanza, "%s", printable(line))
		}
	}
	if !named || status == "" {
		return v, errors.New("verify printed no result")
	}
	for _, a := range v.Archives {
		if a.Valid != a.Checked || a.Wrong != (fact.Wrong{}) || a.Checked < 0 {
			find("archive "+a.ID, "%d of %d segments are as they were stored: %s", a.Valid, a.Checked, counted(a.Wrong))
		}
	}
	for _, b := range v.Backups {
		if b.Status != "valid" || b.Valid != b.Checked || b.Wrong != (fact.Wrong{}) || b.Checked <= 0 {
			find(b.Label, "%s: %d of %d files are as they were stored: %s", printable(b.Status), b.Valid, b.Checked, counted(b.Wrong))
		}
	}
	if status != "ok" && len(v.Findings) == 0 {
		find(stanza, "its status is %s, and verify does not say why", printable(status))
	}
	return v, nil
}

func counted(w fact.Wrong) string {
	return fmt.Sprintf("%d missing, %d with a wrong checksum, %d with a wrong size, %d otherwise", w.Missing, w.Checksum, w.Size, w.Other)
}

// count reads a number of digits; one that no repository can hold is -1, which equals no other.
func count(digits string) int64 {
	n := int64(0)
	for _, d := range digits {
		if n > 1<<50 {
			return -1
		}
		n = 10*n + int64(d-'0')
	}
	return n
}
