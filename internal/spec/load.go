package spec

import (
	_ "embed"
	"fmt"
	"io"
	"os"
)

//go:embed greenlang.yaml
var builtIn []byte

// BuiltInName names the built-in platform where a file's name is expected.
const BuiltInName = "built-in"

// MaxBytes bounds a platform file: GreenLang's six regions take 3 KiB, so that a
// larger file is something else, given by mistake.
const MaxBytes = 1 << 20

// BuiltIn returns GreenLang's own platform.
func BuiltIn() (*Platform, error) { return Parse(BuiltInName, builtIn) }

// BuiltInYAML returns the text of GreenLang's platform file.
func BuiltInYAML() []byte { return append([]byte(nil), builtIn...) }

// Load reads and validates a platform file; an empty path is the built-in platform.
// An unusable file is an [Errors].
func Load(path string) (*Platform, error) {
	d, err := Open(path)
	if err != nil {
		return nil, err
	}
	return d.Platform, nil
}

// Parse reads and validates a platform document; name appears in errors.
// An unusable document is an [Errors].
func Parse(name string, b []byte) (*Platform, error) {
	d, err := Read(name, b)
	if err != nil {
		return nil, err
	}
	return d.Platform, nil
}

// Open is [Load] for who also needs to know on which line a value stands.
func Open(path string) (*Document, error) {
	if path == "" {
		return Read(BuiltInName, builtIn)
	}
	f, err := os.Open(path) //nolint:gosec // the caller's own choice of file
	if err != nil {
		return nil, fmt.Errorf("read platform file: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	// One byte more than allowed is enough to refuse, whatever the file's length.
	b, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read platform file: %w", err)
	}
	return Read(path, b)
}
