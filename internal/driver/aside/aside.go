// Package aside moves what an engine cannot read out of its way, and keeps it: a person may still
// get something out of it. Nothing that was set aside is ever removed by us, so it is bounded.
package aside

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Most is how often something is set aside at a place until a person looks at it.
const Most = 3

// ErrFull says that nothing more is set aside.
var ErrFull = errors.New("too much is set aside already")

// Move moves paths, which are on one disk with it, into a directory called place, or place-2 and
// so on where there is one, and returns its name. What does not exist is left out. It is
// [ErrFull] where there are [Most] of them.
func Move(place string, paths ...string) (string, error) {
	var taken []string
	for n := 1; n <= Most; n++ {
		dir := place
		if n > 1 {
			dir += "-" + strconv.Itoa(n)
		}
		if err := os.Mkdir(dir, 0o700); errors.Is(err, fs.ErrExist) {
			taken = append(taken, dir)
			continue
		} else if err != nil {
			return "", fmt.Errorf("set aside %s: %w", strings.Join(paths, ", "), err)
		}
		for _, path := range paths {
			if err := os.Rename(path, filepath.Join(dir, filepath.Base(path))); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", fmt.Errorf("set aside: %w", err)
			}
		}
		return dir, nil
	}
	return "", fmt.Errorf("set aside %s: %w: look at %s, and remove them", strings.Join(paths, ", "), ErrFull, strings.Join(taken, ", "))
}
