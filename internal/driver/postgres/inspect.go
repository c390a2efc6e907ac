package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/greenlang/fournines/internal/fact"
)

var (
	badPage  = regexp.MustCompile(`checksum verification failed in file "[^"]*?((?:base|global|pg_tblspc)/[^"]+)", block (\d+)`)
	scanned  = regexp.MustCompile(`(?m)^Blocks scanned:\s+(\d+)$`)
	counted  = regexp.MustCompile(`(?m)^Bad checksums:\s+(\d+)$`)
	checking = regexp.MustCompile(`(?m)^pg_amcheck: checking (heap table|btree index) `)
	// A finding begins a line, with what it is about; its text follows. Names are not quoted.
	badRelation = regexp.MustCompile(`(?m)^(heap table|btree index) "(.+)"(?:, block .*)?:$`)
)

// Pages compares every page below a data directory with its checksum, with PostgreSQL's pg_checksums from
// bin. No server may run there, and the last one must have ended cleanly. A page of zeroes has no
// checksum and counts as sound: see [Admin.Digests].
func Pages(ctx context.Context, bin, dir string) (fact.Inspection, error) {
	out, stderr, err := run(ctx, nil, filepath.Join(bin, "pg_checksums"), "--check", "-D", dir)
	var i fact.Inspection
	if m := scanned.FindStringSubmatch(out); m != nil {
		i.Seen, _ = strconv.ParseInt(m[1], 10, 64)
	}
	for _, m := range badPage.FindAllStringSubmatch(stderr, -1) {
		i.Wrong = append(i.Wrong, m[1]+" block "+m[2])
	}
	bad := counted.FindStringSubmatch(out)
	switch {
	case bad == nil || i.Seen == 0:
		return fact.Inspection{}, fmt.Errorf("compare the pages of %s with their checksums: %w", dir, errors.Join(err, said(stderr)))
	case bad[1] != strconv.Itoa(len(i.Wrong)):
		return i, fmt.Errorf("pg_checksums counts %s wrong pages of %s, and names %d", bad[1], dir, len(i.Wrong))
	case err != nil && len(i.Wrong) == 0:
		return i, fmt.Errorf("compare the pages of %s with their checksums: %w", dir, errors.Join(err, said(stderr)))
	}
	return i, nil
}

// Relations holds every table and index of all databases to what it must be, and each row of a table to its
// indexes, with PostgreSQL's pg_amcheck from bin. It installs the extension amcheck where it is
// missing, so the server must be a copy, and take writes.
func (a Admin) Relations(ctx context.Context, bin, address string) (fact.Inspection, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fact.Inspection{}, fmt.Errorf("check the tables of %q: %w", address, err)
	}
	out, stderr, err := run(ctx, []string{"PGPASSWORD=" + a.Password}, filepath.Join(bin, "pg_amcheck"),
		"--host", host, "--port", port, "--username", a.User, "--maintenance-db", a.Database, "--no-password", "--all", "--heapallindexed", "--install-missing", "--verbose")
	i := fact.Inspection{Seen: int64(len(checking.FindAllString(stderr, -1)))}
	for _, m := range badRelation.FindAllStringSubmatch(out, -1) {
		i.Wrong = append(i.Wrong, m[1]+" "+m[2])
	}
	slices.Sort(i.Wrong)
	i.Wrong = slices.Compact(i.Wrong)
	if i.Seen == 0 || err != nil && len(i.Wrong) == 0 {
		return i, fmt.Errorf("check the tables and indexes of %s: %w", address, errors.Join(err, said(checking.ReplaceAllString(stderr, "")+out)))
	}
	return i, nil
}

// run runs a program of PostgreSQL in plain English, and returns what it said.
func run(ctx context.Context, env []string, program string, args ...string) (stdout, stderr string, err error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // of the installation
	cmd.Env = append([]string{"LC_ALL=C.UTF-8", "PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// said is the last line that a program wrote about its failure.
func said(stderr string) error {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return errors.New(last)
	}
	return nil
}
