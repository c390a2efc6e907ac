package pgbackrest

import (
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// Verify reads everything that the repository holds of the stanza, and returns what is not as it
// was stored: [ErrUnreachable], [ErrPassphrase], [ErrNoStanza]. An error means that it was not
// verified. What was never stored it cannot miss: for that see [Engine.Chain].
func (e Engine) Verify(ctx context.Context) (fact.BackupVerification, error) {
	begun := time.Now()
	// Over a repository that cannot be read verify exits 0, and does not say why.
	listed, err := e.Info(ctx)
	if err != nil {
		return fact.BackupVerification{}, err
	}
	const mostFindings = 1000 // of a repository of which nothing is left; the counts say the rest
	var log []fact.BackupFinding
	out, err := e.run(ctx, "verify", "detail", func(m message) {
		if f, ok := suspect(m, listed); ok && len(log) < mostFindings {
			log = append(log, f)
		}
	}, "--output=text", "--verbose", "--job-retry=1") // a second retry waits 15 s for each damaged file
	if err != nil {
		return fact.BackupVerification{}, err
	}
	v, err := parseVerification(string(out), e.Stanza)
	if err != nil {
		return v, e.unproved("verify", "%v", err)
	}
	v.Begun, v.Ended = begun, time.Now()
	v.Findings = slices.DeleteFunc(v.Findings, func(f fact.BackupFinding) bool { return expired(v, f.Subject, listed) })
	v.Findings = append(v.Findings, log...)
	for _, b := range listed.Backups {
		if !slices.ContainsFunc(v.Backups, func(x fact.VerifiedBackup) bool { return x.Label == b.Label }) {
			v.Findings = append(v.Findings, fact.BackupFinding{Subject: b.Label, Text: "the repository lists it, and verify found nothing of it"})
		}
	}
	for _, a := range listed.Archives {
		if a.First != "" && !slices.ContainsFunc(v.Archives, func(x fact.VerifiedArchive) bool { return x.ID == a.ID && x.Checked > 0 }) {
			v.Findings = append(v.Findings, fact.BackupFinding{Subject: "archive " + a.ID, Text: "the repository lists it, and verify found nothing of it"})
		}
	}
	return v, nil
}

// expired tells whether a set has left the repository, of which something is still named: an
// object store may name a folder that holds nothing any more, and so does what a stopped backup left.
func expired(v fact.BackupVerification, label string, listed fact.BackupRepository) bool {
	_, there := listed.Find(label)
	return !there && slices.ContainsFunc(v.Backups, func(b fact.VerifiedBackup) bool {
		return b.Label == label && b.Checked == 0 && b.Status == "manifest missing"
	})
}

var (
	invalid   = regexp.MustCompile(`^(file missing|invalid checksum|invalid size|invalid result) '?([^' ]+?)'?(?:: ([\s\S]*))?$`)
	innocent  = regexp.MustCompile(`^(archiveId: \S+, wal start: [0-9A-F]{24}, wal stop: [0-9A-F]{24}|statistics: .*|path '\S+' does not contain any valid WAL to be processed|archive path '\S+' is empty)$`) // what is missing finds the chain
	fromACopy = regexp.MustCompile(`^(\S+/backup\.manifest) is missing or unusable, using copy`)
	lost      = regexp.MustCompile(`^manifest missing for '([^']+)'`)
	unopened  = regexp.MustCompile(`^unable to open missing file '\S+/backup\.manifest(\.copy)?' for read`)
)

// suspect tells whether an entry of verify's log accuses something. It names single files on the
// level of news, and the loss of a manifest, of which it has a copy, among the details; so every
// detail that is not known to be innocent counts.
func suspect(m message, listed fact.BackupRepository) (fact.BackupFinding, bool) {
	if found := invalid.FindStringSubmatch(m.text); found != nil {
		f := fact.BackupFinding{Subject: found[2], Text: found[1]}
		if found[3] != "" {
			f.Text += ": " + brief(found[3])
		}
		return f, true
	}
	if found := fromACopy.FindStringSubmatch(m.text); found != nil {
		return fact.BackupFinding{Subject: found[1], Text: "it is lost or damaged, and only its copy is left"}, true
	}
	if found := lost.FindStringSubmatch(m.text); found != nil {
		_, there := listed.Find(found[1])
		return fact.BackupFinding{Subject: found[1], Text: "its manifest is lost"}, there
	}
	if innocent.MatchString(m.text) || unopened.MatchString(m.text) { // the next entry says what that means
		return fact.BackupFinding{}, false
	}
	accuses := m.level == "ERROR" || m.level == "WARN" || m.level == "DETAIL"
	return fact.BackupFinding{Subject: "repository", Text: brief(m.text)}, accuses
}
