package place

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/whole"
)

// FormatVersion is the version of the data directory's layout.
const FormatVersion = 1

// Installation holds the decisions of `up` about this machine; all of our processes read it
// from the data directory.
type Installation struct {
	Format    int      `json:"format"`
	Regions   []string `json:"regions"`
	NetNS     bool     `json:"netns,omitempty"`
	ByRoot    bool     `json:"by_root,omitempty"` // root has started it
	Lean      bool     `json:"lean,omitempty"`    // one zone in each region but the first pair
	Listen    string   `json:"listen"`            // of API and console
	Servers   int      `json:"servers,omitempty"`
	Elsewhere []string `json:"elsewhere,omitempty"` // servers on machines of their own
	Gate      string   `json:"gate,omitempty"`      // where these join
	DNS       string   `json:"dns,omitempty"`
	Programs  Programs `json:"programs"`

	Begun time.Time `json:"begun,omitzero"` // when `up` started it, the last time
}

const (
	InstallationFile = "installation.json"
	PlatformFile     = "platform.yaml"
)

// SaveInstallation writes the installation and its platform file.
func SaveInstallation(root string, i Installation, platform []byte) error {
	i.Format = FormatVersion
	b, err := json.MarshalIndent(i, "", " ")
	if err != nil {
		return err
	}
	if err := whole.Write(filepath.Join(root, PlatformFile), platform, 0o644); err != nil {
		return err
	}
	return whole.Write(filepath.Join(root, InstallationFile), b, 0o644)
}

// ErrNewer means that the data directory was written by a newer version of ours.
var ErrNewer = errors.New("the data directory was written by a newer version")

// LoadInstallation reads the installation in root and lays its platform out.
func LoadInstallation(root string) (Installation, Layout, error) {
	var i Installation
	b, err := os.ReadFile(filepath.Join(root, InstallationFile))
	if err != nil {
		return i, Layout{}, fmt.Errorf("read installation: %w", err)
	}
	if err := json.Unmarshal(b, &i); err != nil {
		return i, Layout{}, fmt.Errorf("read installation in %s: %w", root, err)
	}
	if i.Format > FormatVersion {
		return i, Layout{}, fmt.Errorf("%s has format %d, this program knows up to %d: %w; use that version, or another --data", root, i.Format, FormatVersion, ErrNewer)
	}
	p, err := spec.Load(filepath.Join(root, PlatformFile))
	if err != nil {
		return i, Layout{}, err
	}
	if i.Lean {
		Lean(p, i.Regions)
	}
	return i, Layout{Platform: p, Regions: i.Regions, Root: root, Servers: i.Servers, Elsewhere: i.Elsewhere, NetNS: i.NetNS, ByRoot: i.ByRoot, Begun: i.Begun, Listen: i.Listen, DNS: i.DNS}, nil
}

// CheckFormat refuses a data directory that a newer version wrote; a missing one is well.
func CheckFormat(root string) error {
	_, _, err := LoadInstallation(root)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// DefaultRoot is where `up` keeps its data.
func DefaultRoot() string {
	if dir := os.Getenv("FOURNINES_DATA"); dir != "" {
		return dir
	}
	if os.Getuid() == 0 {
		return "/var/lib/fournines/up"
	}
	state := os.Getenv("XDG_STATE_HOME")
	if state == "" {
		state = filepath.Join(os.Getenv("HOME"), ".local", "state")
	}
	return filepath.Join(state, "fournines", "up")
}
