package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/driver/pgbackrest"
	"github.com/greenlang/fournines/internal/fact"
)

// backupNice is the priority of a backup, below that of the databases beside it.
const backupNice = 10

// progressEvery is the time between two lines of a backup's progress.
const progressEvery = time.Second

// backupCommand runs as the job of a node, in the home of a database and as its user. It prints
// its progress in lines of JSON, and at the end the backup.
func (w processes) backupCommand() *cobra.Command {
	e := pgbackrest.Engine{Env: os.Environ(), UID: -1, GID: -1}
	var kind string
	var notes map[string]string
	c := &cobra.Command{Use: "backup-run", Short: "Make one backup of a database beside it", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e.Data = filepath.Join(e.Home, "data")
			if err := syscall.Setpriority(syscall.PRIO_PGRP, 0, backupNice); err != nil {
				return fmt.Errorf("lower the priority of the backup: %w", err)
			}
			if err := e.Create(c.Context()); err != nil {
				return err
			}
			lines := json.NewEncoder(w.Out)
			told := time.Time{}
			b, err := e.Backup(c.Context(), pgbackrest.BackupKind(kind), notes, func(p fact.BackupProgress) {
				if time.Since(told) >= progressEvery {
					told = time.Now()
					_ = lines.Encode(p) // the backup goes on where nobody listens
				}
			})
			if err != nil {
				return err
			}
			return lines.Encode(b)
		}}
	f := c.Flags()
	f.StringVar(&e.Program, "program", "", "path of pgBackRest")
	f.StringVar(&e.Home, "home", "", "directory of the database's unit")
	f.StringVar(&e.Stanza, "stanza", "", "its name in the repository")
	f.StringVar(&kind, "kind", "full", "full or incr")
	f.StringToStringVar(&notes, "note", nil, "NAME=VALUE that is kept beside the backup")
	return c
}
