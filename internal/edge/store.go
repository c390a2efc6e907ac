package edge

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/greenlang/fournines/internal/edge/config"
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
	temporary, err := os.CreateTemp(dir, fileName+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // fails after the rename, as it should
	if err := write(temporary, data); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), filepath.Join(dir, fileName)); err != nil {
		return err
	}
	return syncDir(dir)
}

func write(f *os.File, data []byte) error {
	defer f.Close() //nolint:errcheck // what counts is said below
	if _, err := f.Write(append(data, '\n')); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // only read
	return d.Sync()
}
