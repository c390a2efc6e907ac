package pgbackrest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// What callers branch on; ask with errors.Is.
var (
	ErrUnreachable  = errors.New("the repository cannot be reached")
	ErrUntrusted    = errors.New("the repository's certificate is not trusted")
	ErrDenied       = errors.New("the repository refuses it")
	ErrNoBucket     = errors.New("there is no such bucket")
	ErrPassphrase   = errors.New("the repository was encrypted with another passphrase")
	ErrNoStanza     = errors.New("the repository has no such stanza")
	ErrOtherCluster = errors.New("the stanza belongs to another cluster")
	ErrNoBackup     = errors.New("there is no such backup")
	ErrLastFull     = errors.New("it is the last full backup")
	ErrNotEmpty     = errors.New("the directory holds files")
	ErrRunning      = errors.New("a server runs in the directory")
	ErrBusy         = errors.New("another backup or expiry of this stanza runs")
	ErrNotArchived  = errors.New("the server does not archive its write-ahead log")
	ErrDatabase     = errors.New("the server cannot be used")
	ErrDamaged      = errors.New("what is stored is damaged")
	ErrFull         = errors.New("there is no room left")
	ErrStopped      = errors.New("it was stopped")
	// ErrUnproved means that pgBackRest reported success and the effect is not there.
	ErrUnproved = errors.New("the effect is not there")
)

// Error says which command failed, what its code means, why, and what to do.
type Error struct {
	Command string // backup, restore, …
	Stanza  string
	Code    int    // exit code; 0: it reported success, or never ran
	Name    string // meaning of the code in pgBackRest's list, such as backup-mismatch
	Text    string // its own first words
	Kind    error  // one of those above, or nil
	Err     error  // of the system, where the program did not run or was killed
}

func (e *Error) Error() string {
	s := fmt.Sprintf("pgbackrest %s of %s", e.Command, e.Stanza)
	if e.Kind != nil {
		s += ": " + e.Kind.Error()
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Code != 0 {
		s += fmt.Sprintf(" (exit %d, %s)", e.Code, or(e.Name, "a code of no list"))
	}
	if h := hints[e.Kind]; h != "" {
		s += "; " + h
	}
	return s
}

// Unwrap gives both the kind and the cause.
func (e *Error) Unwrap() []error {
	return slices.DeleteFunc([]error{e.Kind, e.Err}, func(err error) bool { return err == nil })
}

// hints say what to do.
var hints = map[error]string{
	ErrUnreachable:  "check that the store runs and can be reached from here, then do the same again: nothing was changed, or it will be recognized",
	ErrUntrusted:    "give the file of the authority that signed the store's certificate; the name or address in it must be the endpoint's",
	ErrDenied:       "check the bucket's keys and what they may do, and the clock of this machine",
	ErrNoBucket:     "make the bucket, with versioning, then do the same again",
	ErrPassphrase:   "configure the passphrase that the stanza was created with; without it nothing can be restored. If nobody has it, use another path in the bucket",
	ErrNoStanza:     "create the stanza, or correct its name and the path in the bucket",
	ErrOtherCluster: "give this cluster a stanza or a path of its own; to restore the other one, name a directory that is not this cluster's",
	ErrNoBackup:     "list the backups and name one of them, or choose a target that one of them reaches",
	ErrLastFull:     "make another full backup first",
	ErrNotEmpty:     "name an empty directory, or ask for a delta restore where an older state of the same cluster may be overwritten",
	ErrRunning:      "stop the server first, or name another directory",
	ErrBusy:         "wait until it has ended, then do the same again",
	ErrNotArchived:  "look into the server's log for archive_command; the log that was written since the last stored segment would be lost",
	ErrDatabase:     "check that the server runs, takes writes, and lets the configured user in on its socket",
	ErrDamaged:      "verify the repository, and restore from another set or from the other region's repository",
	ErrFull:         "make room, then do the same again",
	ErrStopped:      "do the same again: what it left is recognized",
	ErrUnproved:     "do not rely on it: look at the repository and at the stanza's log directory",
}

// codes are pgBackRest's exit codes.
var codes = map[int]string{
	25: "assert", 26: "checksum", 27: "config", 28: "file-invalid", 29: "format", 30: "command-required", 31: "option-invalid", 32: "option-invalid-value",
	37: "option-required", 38: "pg-running", 39: "protocol", 40: "path-not-empty", 41: "file-open", 42: "file-read", 43: "param-required", 44: "archive-mismatch",
	45: "archive-duplicate", 46: "version-not-supported", 47: "path-create", 48: "command-invalid", 49: "host-connect", 50: "lock-acquire", 51: "backup-mismatch",
	52: "file-sync", 53: "path-open", 54: "path-sync", 55: "file-missing", 56: "db-connect", 57: "db-query", 58: "db-mismatch", 60: "file-remove",
	61: "path-remove", 62: "stop", 63: "term", 64: "file-write", 67: "feature-not-supported", 68: "archive-command-invalid", 69: "link-expected",
	70: "link-destination", 72: "host-invalid", 73: "path-missing", 74: "file-move", 75: "backup-set-invalid", 76: "tablespace-map", 78: "link-map",
	79: "file-close", 80: "db-missing", 81: "db-invalid", 82: "archive-timeout", 83: "file-mode", 87: "archive-disabled", 88: "file-owner",
	89: "user-missing", 93: "file-exists", 94: "memory", 95: "crypto", 96: "param-invalid", 97: "path-close", 98: "file-info", 99: "json-format",
	100: "kernel", 101: "service", 102: "execute", 103: "repo-invalid", 104: "command", 105: "access", 106: "clock", 122: "runtime", 124: "unhandled", 125: "unknown",
}

// codeOf reads a name of an error as messages hold it, "HostConnectError".
func codeOf(name string) int {
	for code, words := range codes {
		if strings.EqualFold(strings.ReplaceAll(words, "-", "")+"Error", name) {
			return code
		}
	}
	return 0
}

// said are the words in a message that tell more than its code, the first first.
var said = []struct {
	words *regexp.Regexp
	kind  error
}{
	{regexp.MustCompile(`<Code>NoSuchBucket<`), ErrNoBucket},
	{regexp.MustCompile(`HTTP request failed with 40[13]\b`), ErrDenied},
	{regexp.MustCompile(`HTTP request failed with 5\d\d\b|HostConnectError|ServiceError|unable to connect to|timeout connecting|unexpected eof|unexpectedly closed|Connection reset`), ErrUnreachable},
	{regexp.MustCompile(`(?i)certificate`), ErrUntrusted},
	{regexp.MustCompile(`No space left on device`), ErrFull},
	{regexp.MustCompile(`unable to load info file[\s\S]*(outside of section|CryptoError)`), ErrPassphrase},
	{regexp.MustCompile(`unable to load info file[\s\S]*(ChecksumError|FormatError)`), ErrDamaged},
	{regexp.MustCompile(`do not match the database|do not match stanza|does not match (the )?stanza`), ErrOtherCluster},
	{regexp.MustCompile(`cannot be expired until another full backup`), ErrLastFull},
	{regexp.MustCompile(`has a stanza-create been performed`), ErrNoStanza},
}

// kinds are the codes that say enough by themselves.
var kinds = map[int]error{
	26: ErrDamaged, 38: ErrRunning, 40: ErrNotEmpty, 44: ErrOtherCluster, 45: ErrDamaged, 49: ErrUnreachable, 50: ErrBusy, 51: ErrOtherCluster, 56: ErrDatabase,
	57: ErrDatabase, 58: ErrDatabase, 62: ErrStopped, 63: ErrStopped, 68: ErrNotArchived, 75: ErrNoBackup, 80: ErrDatabase, 82: ErrNotArchived, 87: ErrNotArchived,
	101: ErrUnreachable, 105: ErrDenied,
}

func kindOf(code int, text string) error {
	for _, s := range said {
		if s.words.MatchString(text) {
			return s.kind
		}
	}
	return kinds[code]
}

var (
	inner  = regexp.MustCompile(`(?m)^[A-Za-z]+Error: (.+)$`)
	answer = regexp.MustCompile(`<Code>([A-Za-z]+)</Code>`)
)

// brief is what a person needs of a message: its first line, the first cause, and what S3 said.
func brief(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	out := []string{strings.TrimSuffix(first, ":")}
	if m := inner.FindStringSubmatch(text); m != nil {
		out = append(out, strings.TrimSuffix(m[1], ":"))
	}
	if m := answer.FindStringSubmatch(text); m != nil {
		out = append(out, m[1])
	}
	const most = 400
	s := strings.Join(slices.Compact(out), ": ")
	for i := range s {
		if i > most {
			return s[:i] + "…"
		}
	}
	return s
}

// unproved is the error of a verb that reported success.
func (e Engine) unproved(command, format string, args ...any) error {
	return &Error{Command: command, Stanza: e.Stanza, Kind: ErrUnproved, Text: fmt.Sprintf(format, args...)}
}
