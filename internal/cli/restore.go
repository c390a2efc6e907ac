package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/staging"
)

// mostOutcome is how long the line of an outcome may be, so that the result of a job holds all of it.
const mostOutcome = 12 << 10

// restoreCommand runs as the job of a node, in the home of a database and as its user. It prints its
// progress in lines of JSON. The outcome, also a failure, stands afterwards in PLAN-FILE.outcome, and
// is the last line, unless it is too long for the result of a job: then that line names the file.
func (w processes) restoreCommand() *cobra.Command {
	return &cobra.Command{Use: "restore-run PLAN-FILE", Short: "Restore a backup into an isolated server, look at it, and take it away", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := w.plan(args[0])
			if err != nil {
				return err
			}
			if err := syscall.Setpriority(syscall.PRIO_PGRP, 0, backupNice); err != nil {
				return fmt.Errorf("lower the priority of the restore: %w", err)
			}
			lines := json.NewEncoder(w.Out)
			told := fact.RestoreProgress{}
			at := time.Time{}
			t, err := staging.Run(c.Context(), p, func(is fact.RestoreProgress) {
				if is.Phase != told.Phase || time.Since(at) >= progressEvery {
					told, at = is, time.Now()
					_ = lines.Encode(is) // the restore goes on where nobody listens
				}
			})
			o := staging.Outcome{Test: t}
			if err != nil {
				o.Error = err.Error()
			}
			return errors.Join(err, w.tell(o, staging.OutcomeFile(args[0])))
		}}
}

// plan reads the plan of a restore, which this program carries out as the user that it is.
func (w processes) plan(path string) (staging.Plan, error) {
	var p staging.Plan
	b, err := os.ReadFile(path)
	if err != nil {
		return p, fmt.Errorf("read the plan of a restore: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, verb.Exit(verb.Misused, fmt.Errorf("the plan of a restore in %s: %w", path, err))
	}
	self, err := os.Executable()
	if err != nil {
		return p, fmt.Errorf("find this program: %w", err)
	}
	p.Self, p.Env, p.UID, p.GID = []string{self}, os.Environ(), -1, -1
	return p, nil
}

// tell keeps the outcome, and prints it.
func (w processes) tell(o staging.Outcome, path string) error {
	if err := o.Keep(path); err != nil {
		return err
	}
	b, err := json.Marshal(o)
	if err == nil && len(b) > mostOutcome {
		b, err = json.Marshal(map[string]string{"outcome": path})
	}
	if err != nil {
		return err
	}
	_, err = w.Out.Write(append(b, '\n'))
	return err
}

// enterCommand is the first process of a restored server, inside its network namespace.
func (w processes) enterCommand() *cobra.Command {
	return &cobra.Command{Use: staging.EnterVerb + " SOCKET [-- PROGRAM ARGUMENT…]", Short: "Prove that no network is reached from here, and become a program", Hidden: true, Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return staging.Enter(c.Context(), args[0], args[1:]) }}
}

// fetchCommand is what a restored server runs for each file of its log.
func (w processes) fetchCommand() *cobra.Command {
	return &cobra.Command{Use: staging.FetchVerb + " SOCKET FILE PATH", Short: "Fetch a file of the write-ahead log for a restored server", Hidden: true, Args: cobra.ExactArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			stored, err := staging.Fetch(c.Context(), args[0], args[1], args[2])
			switch {
			case err != nil:
				return verb.Exit(126, err)
			case !stored:
				return verb.Exitf(staging.NotStored, "%s is not stored", args[1])
			}
			return nil
		}}
}
