package aside_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/driver/aside"
)

func TestNothingThatWasSetAsideIsLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, place := filepath.Join(dir, "data"), filepath.Join(dir, "data.broken")
	for n := range aside.Most + 1 {
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		at, err := aside.Move(place, data, filepath.Join(dir, "none"))
		if n == aside.Most {
			if !errors.Is(err, aside.ErrFull) || !strings.Contains(err.Error(), place+"-3") {
				t.Error(err)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(at, "data")); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(data); err != nil {
		t.Error("what could not be set aside is gone:", err)
	}
}
