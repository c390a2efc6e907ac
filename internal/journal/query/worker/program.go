package worker

import (
	"fmt"
	"os"
	"path/filepath"
)

// Program is the file name of the worker.
const Program = "fournines-query"

// MissingError says that the worker's program is not where it is expected.
type MissingError struct{ Path string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("questions in SQL are answered by the program %s, and there is no such file; `make build` builds it as bin/%s: copy it there; `fournines journal list` filters entries without it", e.Path, Program)
}

// Beside returns the path of the worker's program, which stands in the directory of the
// running program. The error is a [MissingError] when it does not.
func Beside() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find our own program, beside which %s stands: %w", Program, err)
	}
	path := filepath.Join(filepath.Dir(self), Program)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return "", &MissingError{path}
	}
	return path, nil
}
