package recovery

import (
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
)

// trouble is one thing that keeps a region from being restorable as it should be.
type trouble struct {
	code, severity, text, command string
	since                         time.Time
}

// troubles are those of a cluster that leads. One that has no leader has troubles of its own,
// which are the wing availability's, and nothing can be archived meanwhile.
func (v View) troubles(now time.Time) []trouble {
	backup := "fournines backup now --region " + v.Region
	switch {
	case v.Lacks != "":
		return []trouble{{"backup-missing", evidence.Critical, v.Lacks, "fournines backup status", v.Since}}
	case !v.Known(now):
		text := "nobody knows whether it can be restored: its repository was not read yet"
		if v.Error != "" {
			text = "nobody knows whether it can be restored: its repository cannot be read: " + v.Error
		} else if !v.Seen.At.IsZero() {
			text = fmt.Sprintf("nobody knows whether it can be restored: its repository was read %s ago", round(now.Sub(v.Seen.At)))
		}
		return []trouble{{"backup-unknown", evidence.Critical, text, "fournines backup status", later(v.Seen.At, v.Since)}}
	}
	newest, full := v.Seen.Newest()
	if full.Label == "" {
		return []trouble{{"backup-missing", evidence.Critical, "it has no backup, so nothing of it can be restored", backup, v.Since}}
	}
	var out []trouble
	if age := now.Sub(newest.Ended); age > backupLate {
		out = append(out, trouble{"backup-late", evidence.Warning, fmt.Sprintf("its newest backup, %s, is %s old; one is made each hour", newest.Label, round(age)), "fournines schedule list", newest.Ended.Add(backupLate)})
	} else if age := now.Sub(full.Ended); age > fullLate {
		out = append(out, trouble{"backup-late", evidence.Warning, fmt.Sprintf("its newest full backup, %s, is %s old; one is made each day", full.Label, round(age)), "fournines schedule list", full.Ended.Add(fullLate)})
	}
	log := v.Seen.Log
	if !log.Reached {
		out = append(out, trouble{"wal-gap", evidence.Critical, fmt.Sprintf("its stored log has a gap, %s: after %s only a newer backup can be restored, up to then everything can", gapText(log), log.Stored.UTC().Format(time.RFC3339)), backup, later(v.Gap, log.Stored)})
	} else if age := v.Seen.At.Sub(later(log.Stored, newest.Ended)); age > archiveLate && v.Leader != "" {
		out = append(out, trouble{"archiver-failing", evidence.Critical, fmt.Sprintf("nothing of its log was stored for %s, and a segment is due each minute: what was written since would be lost with the cluster. Its servers' logs say why archive_command fails", round(age)), "fournines backup status", log.Stored.Add(archiveLate)})
	}
	return out
}

// Findings are what needs a person. A cluster that has just begun to lead gets the time for its
// first backup.
func Findings(views []View, now time.Time) []evidence.Finding {
	var out []evidence.Finding
	for _, v := range views {
		if v.Follows != "" || now.Sub(v.Since) < graceOfStart {
			continue
		}
		for _, t := range v.troubles(now) {
			out = append(out, evidence.Finding{
				Code: t.code, Severity: t.severity, Title: title(t.code, v.Region), Text: v.Region + "/postgres: " + t.text + ".",
				Subject: v.Region + "/postgres", Since: t.since, Command: t.command,
			})
		}
	}
	return out
}

func title(code, region string) string {
	return map[string]string{
		"backup-missing": "nothing of " + region + " can be restored", "backup-unknown": "it is unknown whether " + region + " can be restored",
		"backup-late": "backups of " + region + " are late", "wal-gap": "the stored log of " + region + " has a gap", "archiver-failing": "the log of " + region + " is not stored",
	}[code]
}
