package spec

import (
	_ "embed"
	"fmt"
	"os"

	"github.com/goccy/go-yaml"
)

//go:embed greenlang.yaml
var builtIn []byte

// BuiltIn returns GreenLang's own platform.
func BuiltIn() (*Platform, error) { return Parse("built-in", builtIn) }

// BuiltInYAML returns the text of GreenLang's platform file.
func BuiltInYAML() []byte { return append([]byte(nil), builtIn...) }

// Load reads and validates a platform file; an empty path is the built-in platform.
func Load(path string) (*Platform, error) {
	if path == "" {
		return BuiltIn()
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read platform file: %w", err)
	}
	return Parse(path, b)
}

// Parse reads and validates a platform document; name appears in errors.
func Parse(name string, b []byte) (*Platform, error) {
	var p Platform
	if err := yaml.UnmarshalWithOptions(b, &p, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &p, nil
}
