package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
)

func (w world) tasksCommand() *cobra.Command {
	return verb.List[api.TaskStatus]{
		Use: "tasks", Short: "List the tasks in the background, and how each is doing", Path: "/v1/tasks",
		Head: []string{"WING", "TASK", "STATE", "ROUNDS", "FAILED", "EVERY", "TOOK", "ERROR"},
		Row: func(t api.TaskStatus) []string {
			every, took := "goes on", ""
			if t.Every > 0 {
				every = time.Duration(t.Every * float64(time.Second)).String()
			}
			if t.Rounds > 0 {
				took = fmt.Sprintf("%.3f s", t.Took)
			}
			return []string{t.Wing, t.Name, taskState(t), fmt.Sprint(t.Rounds), fmt.Sprint(t.Failures), every, took, t.Error}
		},
		Name: func(t api.TaskStatus) string { return t.Wing + "/" + t.Name },
	}.Verb(w.World)
}

// taskState says in a word how a task is doing.
func taskState(t api.TaskStatus) string {
	switch {
	case t.Error != "":
		return "failing"
	case t.Began.IsZero():
		return "waiting"
	case t.Every == 0:
		return "running"
	}
	return "ok"
}
