package node

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/whole"
)

// Assignment is what one zone shall run, as plain data from the server.
type Assignment struct {
	Version string           `json:"version"` // hash of the rest
	Region  string           `json:"region"`
	Zone    string           `json:"zone"`
	Units   []Unit           `json:"units"`
	Fenced  map[string]Fence `json:"fenced,omitempty"` // by unit name
	Watch   Watch            `json:"watch"`
	Faults  []Lease          `json:"faults,omitempty"`
	Jobs    []Job            `json:"jobs,omitempty"`
}

// Unit is one process to keep running.
type Unit struct {
	Name  string   `json:"name"`
	Argv  []string `json:"argv"`
	Env   []string `json:"env"`
	Files []File   `json:"files"`
	Ready Ready    `json:"ready"`
	Stop  string   `json:"stop"`            // signal that asks it to end: TERM or INT
	Grace Seconds  `json:"grace_seconds"`   // until it is killed
	Keeps bool     `json:"keeps,omitempty"` // its children outlive it and are found again by its next life
	NetNS string   `json:"netns,omitempty"` // path of the network namespace it runs in
	// Restart names the newest restart that is wished for: a process that began before it is asked
	// to end, and started again. It is no part of the unit's version.
	Restart string `json:"restart,omitempty"`
}

// Seconds is a duration in seconds, as JSON carries it.
type Seconds float64

// D returns s as the standard library's type.
func (s Seconds) D() time.Duration { return time.Duration(float64(s) * float64(time.Second)) }

// File is a configuration file of a unit, relative to its home.
type File struct {
	Path    string `json:"path"`
	Content string `json:"content"`
	Once    bool   `json:"once,omitempty"`  // the engine rewrites it: lay it only where it is missing
	Needs   string `json:"needs,omitempty"` // with Once: lay it also where no line begins with this
}

// stands tells whether a file that is laid once is there, with the line that it needs.
func (f File) stands(path string) bool {
	b, err := os.ReadFile(path)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) // never over one that nobody could read
	}
	return f.Needs == "" || strings.Contains("\n"+string(b), "\n"+f.Needs)
}

// Ready is how a unit shows that it serves.
type Ready struct {
	TCP  string `json:"tcp,omitempty"`  // address that accepts
	HTTP string `json:"http,omitempty"` // URL that answers 2xx
}

// Fence demands that a unit be dead.
type Fence struct {
	Epoch  string `json:"epoch"` // names the demand; a proof repeats it
	Reason string `json:"reason"`
}

// Watch is the primary to probe through new connections.
type Watch struct {
	Primary  Target   `json:"primary,omitzero"`
	Control  []Target `json:"control,omitempty"` // members of the same kind, to tell the primary's trouble from one's own
	Interval Seconds  `json:"interval_seconds"`
	Timeout  Seconds  `json:"timeout_seconds"`
}

// Target is a database to probe.
type Target struct {
	ID      string `json:"id"` // component id
	Address string `json:"address"`
}

// Lease is one fault to inject; it ends by itself at Until, even if processes die.
type Lease struct {
	ID     string    `json:"id"`
	Kind   string    `json:"kind"`
	Target string    `json:"target"` // unit name, empty: the whole zone
	Until  time.Time `json:"until"`
	Ended  bool      `json:"ended,omitempty"` // true: end it now
	Peers  []string  `json:"peers,omitempty"` // addresses to cut off or to delay, for the network's faults
	Links  []string  `json:"links,omitempty"` // ways between regions to cut, each FROM>TO
}

// Seal sets the assignment's version from its content.
func (a *Assignment) Seal() error {
	a.Version = ""
	b, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("seal assignment: %w", err)
	}
	sum := sha256.Sum256(b)
	a.Version = hex.EncodeToString(sum[:8])
	return nil
}

// Version identifies what a unit was started from.
func (u Unit) Version() string {
	b, err := json.Marshal(struct {
		Argv, Env []string
		Files     []File
	}{u.Argv, u.Env, u.Files})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

const assignmentFile = "assignment.json"

func loadAssignment(dir string) (Assignment, bool, error) {
	b, err := os.ReadFile(filepath.Join(dir, assignmentFile))
	if os.IsNotExist(err) {
		return Assignment{}, false, nil
	}
	var a Assignment
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	if err != nil {
		return Assignment{}, false, fmt.Errorf("read last assignment: %w", err)
	}
	return a, true, nil
}

func saveAssignment(dir string, a Assignment) error {
	b, err := json.MarshalIndent(a, "", " ")
	if err != nil {
		return err
	}
	return whole.Write(filepath.Join(dir, assignmentFile), b, 0o600)
}
