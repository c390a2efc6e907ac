package edge

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/whole"
)

const fileName = "edge.json"

// load reads the last configuration; an error that is fs.ErrNotExist means
// that there is none.
func load(dir string) (Config, error) {
	path := filepath.Join(dir, fileName)
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("load last edge configuration: %w", err)
	}
	c, err := config.Parse(data)
	if err != nil {
		return Config{}, fmt.Errorf("load last edge configuration from %s: %w; remove the file to start empty and wait for the server's", path, err)
	}
	return c, nil
}

// save replaces the file in one step: after a crash at any moment it holds the
// old or the new configuration, whole.
func save(dir string, c Config) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("save edge configuration version %d: %w", c.Version, err)
		}
	}()
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return whole.Write(filepath.Join(dir, fileName), append(data, '\n'), 0o600)
}
