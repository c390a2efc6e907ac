package console

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
)

// TestVendor holds every vendored file to the hash and licence in VENDOR.json,
// and lets no file in that VENDOR.json does not name.
func TestVendor(t *testing.T) {
	t.Parallel()
	files, err := fs.ReadDir(assets(), "vendor")
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(assets(), "vendor/VENDOR.json")
	if err != nil {
		t.Fatal(err)
	}
	var listed []struct{ File, Name, Version, Licence, SHA256 string }
	if err := json.Unmarshal(text, &listed); err != nil {
		t.Fatal(err)
	}
	known := []string{"VENDOR.json", "inter-licence.txt"}
	for _, v := range listed {
		known = append(known, v.File)
		body, err := fs.ReadFile(assets(), path.Join("vendor", v.File))
		if err != nil {
			t.Errorf("%s is listed and missing", v.File)
			continue
		}
		sum := sha256.Sum256(body)
		if got := hex.EncodeToString(sum[:]); got != v.SHA256 {
			t.Errorf("%s has hash %s, VENDOR.json says %s", v.File, got, v.SHA256)
		}
		if v.Name == "" || v.Version == "" || v.Licence == "" || strings.Contains(v.Licence, "AGPL") {
			t.Errorf("%s: name %q, version %q, licence %q", v.File, v.Name, v.Version, v.Licence)
		}
	}
	for _, f := range files {
		if !slices.Contains(known, f.Name()) {
			t.Errorf("%s is vendored and not in VENDOR.json", f.Name())
		}
	}
}

// TestScriptsAreSmall keeps what a page loads to run under 100 KB.
func TestScriptsAreSmall(t *testing.T) {
	t.Parallel()
	size := int64(0)
	err := fs.WalkDir(assets(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".js") {
			return err
		}
		info, err := entry.Info()
		size += info.Size()
		return err
	})
	if err != nil || size == 0 || size > 100_000 {
		t.Errorf("scripts have %d bytes (%v), want at most 100000", size, err)
	}
}
