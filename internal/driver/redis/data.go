package redis

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a server keeps below its directory.
const (
	appendDir = "appendonlydir"
	manifest  = appendDir + "/appendonly.aof.manifest"
	dumpFile  = "dump.rdb"
)

// hasData tells what a server has on its disk, as far as names tell. It starts from its
// append-only file alone, not from the dump that a copy from its master leaves. An error says
// that it could not be looked at, which is not the same as nothing.
func hasData(home string) (is data, why string, err error) {
	b, err := os.ReadFile(filepath.Join(home, manifest))
	if errors.Is(err, fs.ErrNotExist) {
		return dataNone, "", nil
	} else if err != nil {
		return dataNone, "", err
	}
	found := dataNone
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line) // file NAME seq N type b|i|h
		if len(f) < 6 || f[0] != "file" || f[5] == "h" {
			continue
		}
		if _, err := os.Stat(filepath.Join(home, appendDir, filepath.Base(f[1]))); errors.Is(err, fs.ErrNotExist) {
			return dataBroken, f[1] + " is gone, which its manifest names", nil
		} else if err != nil {
			return dataNone, "", err
		}
		found = dataThere
	}
	return found, "", nil
}

// check reads all of a server's data with Redis's own checker, which is the same program by
// another name.
func (s Start) check(ctx context.Context) (data, string) {
	cmd := exec.CommandContext(ctx, s.Argv[0], filepath.Join(s.Home, manifest)) //nolint:gosec // the program that is about to be started
	cmd.Args[0], cmd.Env = "redis-check-aof", s.Env
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || ctx.Err() != nil {
		return dataThere, ""
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return dataBroken, lines[len(lines)-1]
}

// begunFile is the file that tells that a server has been started, when, and how often soon
// after the time before.
func (s Start) begunFile() string { return filepath.Join(s.Keep, "begun") }

const (
	soon       = 30 * time.Second // between two starts of which the second follows a crash
	mostStarts = 3                // in a row, until the data is checked
	asideEvery = 10 * time.Minute // data is set aside at most so often
)

func (s Start) begun(now time.Time) (marked bool, again int) {
	at, err := os.Stat(s.begunFile())
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist), 0
	}
	if now.Sub(at.ModTime()) > soon {
		return true, 0
	}
	b, _ := os.ReadFile(s.begunFile()) // unreadable: 0, and it is only counted anew
	again, _ = strconv.Atoi(strings.TrimSpace(string(b)))
	return true, again
}

func (s Start) noteStart(now time.Time) error {
	_, again := s.begun(now)
	if err := os.WriteFile(s.begunFile(), []byte(strconv.Itoa(again+1)+"\n"), 0o600); err != nil {
		return fmt.Errorf("remember the start of redis %s: %w", s.Address, err)
	}
	return nil
}

// recent tells whether one of the paths that begin with place was changed lately.
func recent(place string, now time.Time) bool {
	paths, _ := filepath.Glob(place + "*") // the pattern is a path of ours
	return slices.ContainsFunc(paths, func(path string) bool {
		at, err := os.Stat(path)
		return err == nil && now.Sub(at.ModTime()) < asideEvery
	})
}
