package pgbackrest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// Info returns what the repository says of the stanza: [ErrNoStanza], [ErrUnreachable],
// [ErrPassphrase], [ErrDenied]. A stanza without backups is no error.
func (e Engine) Info(ctx context.Context) (fact.BackupRepository, error) {
	return e.info(ctx)
}

// Show returns one backup with all that the repository says of it: [ErrNoBackup].
func (e Engine) Show(ctx context.Context, label string) (fact.Backup, error) {
	if !labels.MatchString(label) {
		return fact.Backup{}, e.noBackup("info", label)
	}
	r, err := e.info(ctx, "--set="+label)
	if err != nil {
		return fact.Backup{}, err
	}
	b, ok := r.Find(label)
	if !ok {
		return fact.Backup{}, e.noBackup("info", label)
	}
	return b, nil
}

// labels are those of sets: of a full, or of one that continues it.
var labels = regexp.MustCompile(`^\d{8}-\d{6}F(_\d{8}-\d{6}[DI])?$`)

func (e Engine) noBackup(command, label string) error {
	return &Error{Command: command, Stanza: e.Stanza, Kind: ErrNoBackup, Text: fmt.Sprintf("%.60q", label)}
}

func (e Engine) info(ctx context.Context, options ...string) (fact.BackupRepository, error) {
	at := time.Now()
	out, err := e.run(ctx, "info", "warn", nil, append(options, "--output=json")...)
	if err != nil {
		return fact.BackupRepository{}, err
	}
	all, err := parseInfo(out)
	if err != nil {
		return fact.BackupRepository{}, &Error{Command: "info", Stanza: e.Stanza, Err: err}
	}
	i := slices.IndexFunc(all, func(s stanzaInfo) bool { return s.Name == e.Stanza })
	if i < 0 {
		return fact.BackupRepository{}, &Error{Command: "info", Stanza: e.Stanza, Kind: ErrNoStanza}
	}
	if err := e.status(all[i]); err != nil {
		return fact.BackupRepository{}, err
	}
	r, err := all[i].repository()
	if err != nil {
		return r, &Error{Command: "info", Stanza: e.Stanza, Err: err}
	}
	r.At = at
	return r, nil
}

// The codes of a stanza's status, of which its exit code says nothing.
const (
	statusOK        = 0
	statusNoPath    = 1
	statusNoBackup  = 2
	statusNoData    = 3
	statusNotFound  = 6
	statusElsewhere = 99 // another error, in the repository's own status
)

var named = regexp.MustCompile(`^\[([A-Za-z]+)\] ([\s\S]*)$`)

// status is the error that a stanza's status holds.
func (e Engine) status(s stanzaInfo) error {
	f := &Error{Command: "info", Stanza: e.Stanza, Text: brief(printable(s.Status.Message))}
	switch s.Status.Code {
	case statusOK, statusNoBackup:
		return nil
	case statusNoPath, statusNoData:
		f.Kind = ErrNoStanza
		return f
	case statusNotFound:
		f.Kind = ErrNoBackup
		return f
	}
	for _, r := range s.Repo {
		if r.Status.Code != statusElsewhere {
			continue
		}
		f.Text = brief(printableLines(r.Status.Message))
		if m := named.FindStringSubmatch(r.Status.Message); m != nil {
			code := codeOf(m[1])
			f.Name, f.Text, f.Kind = codes[code], brief(printableLines(m[2])), kindOf(code, printableLines(r.Status.Message))
		}
	}
	return f
}

// stanzaInfo is one stanza of `info --output=json`.
type stanzaInfo struct {
	Name    string `json:"name"`
	Cipher  string `json:"cipher"`
	Archive []struct {
		Database databaseRef `json:"database"`
		ID       string      `json:"id"`
		Min      *string     `json:"min"`
		Max      *string     `json:"max"`
	} `json:"archive"`
	Backup []backupInfo `json:"backup"`
	DB     []struct {
		ID      int    `json:"id"`
		System  uint64 `json:"system-id"`
		Version string `json:"version"`
	} `json:"db"`
	Repo []struct {
		Status status `json:"status"`
	} `json:"repo"`
	Status struct {
		status
		Lock struct {
			Backup struct {
				Held bool `json:"held"`
			} `json:"backup"`
		} `json:"lock"`
	} `json:"status"`
}

type status struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

type databaseRef struct {
	ID int `json:"id"`
}

type backupInfo struct {
	Annotation map[string]string `json:"annotation"`
	Archive    struct {
		Start string `json:"start"`
		Stop  string `json:"stop"`
	} `json:"archive"`
	Backrest struct {
		Format  int    `json:"format"`
		Version string `json:"version"`
	} `json:"backrest"`
	Database databaseRef `json:"database"`
	Error    bool        `json:"error"`
	Info     struct {
		Delta      int64 `json:"delta"`
		Size       int64 `json:"size"`
		Repository struct {
			Delta int64 `json:"delta"`
			Size  int64 `json:"size"`
		} `json:"repository"`
	} `json:"info"`
	Label string `json:"label"`
	LSN   struct {
		Start string `json:"start"`
		Stop  string `json:"stop"`
	} `json:"lsn"`
	Prior     string   `json:"prior"`
	Reference []string `json:"reference"`
	Timestamp struct {
		Start int64 `json:"start"`
		Stop  int64 `json:"stop"`
	} `json:"timestamp"`
	Type        string         `json:"type"`
	DatabaseRef []databaseInfo `json:"database-ref"`
	ErrorList   []string       `json:"error-list"`
	Link        []struct {
		Destination string `json:"destination"`
		Name        string `json:"name"`
	} `json:"link"`
	Tablespace []struct {
		Name        string `json:"name"`
		OID         uint32 `json:"oid"`
		Destination string `json:"destination"`
	} `json:"tablespace"`
}

type databaseInfo struct {
	Name string `json:"name"`
	OID  uint32 `json:"oid"`
}

// parseInfo reads `info --output=json`.
func parseInfo(b []byte) ([]stanzaInfo, error) {
	var out []stanzaInfo
	// A wrong passphrase makes noise of a message, and what is printed then is no JSON.
	clean := bytes.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, b)
	if err := json.Unmarshal(clean, &out); err != nil {
		return nil, fmt.Errorf("read what info printed: %w", err)
	}
	if out == nil {
		return nil, errors.New("read what info printed: it is no list of stanzas")
	}
	return out, nil
}

// repository turns a stanza into the engine's own nouns.
func (s stanzaInfo) repository() (fact.BackupRepository, error) {
	r := fact.BackupRepository{Stanza: s.Name, Cipher: s.Cipher, Status: s.Status.Message, Busy: s.Status.Lock.Backup.Held}
	for _, d := range s.DB {
		r.Clusters = append(r.Clusters, fact.BackupCluster{Number: d.ID, System: d.System, Version: d.Version})
	}
	for _, a := range s.Archive {
		out := fact.BackupArchive{ID: a.ID, Cluster: a.Database.ID}
		if a.Min != nil && a.Max != nil {
			out.First, out.Last = *a.Min, *a.Max
		}
		r.Archives = append(r.Archives, out)
	}
	for _, b := range s.Backup {
		one, err := b.backup()
		if err != nil {
			return r, fmt.Errorf("read what info says of backup %.60q: %w", b.Label, err)
		}
		r.Backups = append(r.Backups, one)
	}
	slices.SortStableFunc(r.Backups, func(a, b fact.Backup) int {
		return cmp.Or(a.Ended.Compare(b.Ended), cmp.Compare(a.Label, b.Label))
	})
	return r, nil
}

func (i backupInfo) backup() (fact.Backup, error) {
	b := fact.Backup{
		Label: i.Label, Kind: i.Type, Prior: i.Prior, References: i.Reference, Annotations: i.Annotation, Cluster: i.Database.ID,
		Begun: time.Unix(i.Timestamp.Start, 0).UTC(), Ended: time.Unix(i.Timestamp.Stop, 0).UTC(), First: i.Archive.Start, Last: i.Archive.Stop,
		Size: i.Info.Size, Copied: i.Info.Delta, Stored: i.Info.Repository.Size, StoredItself: i.Info.Repository.Delta,
		Damaged: i.Error, Engine: i.Backrest.Version, Format: i.Backrest.Format, BadFiles: i.ErrorList,
	}
	if !labels.MatchString(i.Label) {
		return b, errors.New("its label is none")
	}
	var err1, err2 error
	b.Begin, err1 = parsePosition(i.LSN.Start)
	b.End, err2 = parsePosition(i.LSN.Stop)
	for _, d := range i.DatabaseRef {
		b.Databases = append(b.Databases, fact.BackupDatabase(d))
	}
	for _, t := range i.Tablespace {
		b.Tablespaces = append(b.Tablespaces, fact.BackupTable{Name: t.Name, OID: t.OID, Path: t.Destination})
	}
	for _, l := range i.Link {
		if b.Links == nil {
			b.Links = map[string]string{}
		}
		b.Links[l.Name] = l.Destination
	}
	return b, errors.Join(err1, err2)
}
