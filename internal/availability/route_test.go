package availability

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/state"
)

// switchFile is a routing switch in a file: it outlives the process that is killed. Each setting
// that changes it is a line.
type switchFile struct{ path string }

func (switchFile) Switchable(a RouteArgs) error {
	if a.Region == "us-east-1" {
		return nil
	}
	return errors.New("no other region could answer then")
}

func (s switchFile) Switch(_ context.Context, r *control.Run, a RouteArgs) error {
	b, err := os.ReadFile(s.path)
	if err != nil {
		return err
	}
	want := fmt.Sprintf("%v\n", a.On)
	if strings.HasSuffix(string(b), want) {
		return nil
	}
	return os.WriteFile(s.path, append(b, want...), 0o600)
}

func TestRouteSurvivesACrashAnywhere(t *testing.T) {
	a, err := control.NewAction("route-1", KindRoute, "route/us-east-1", RouteArgs{Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	file := func(dir string) string { return filepath.Join(dir, "switch") }
	crashtest.Run(t, crashtest.World{
		Setup: func(dir string) error { return os.WriteFile(file(dir), []byte("true\n"), 0o600) },
		Kinds: func(dir string, _ *state.Projection) []control.Kind {
			return Router{switchFile{file(dir)}}.Kinds()
		},
		Action: a,
		Check: func(dir string, o control.Operation) error {
			b, err := os.ReadFile(file(dir))
			if err != nil || o.State != control.Succeeded || string(b) != "true\nfalse\n" {
				return fmt.Errorf("%s, the switch was %q: %w", o.State, b, err)
			}
			return nil
		},
	})
}

// A region that nobody could stand in for stays where resolvers are sent.
func TestRouteIsRefused(t *testing.T) {
	t.Parallel()
	a, err := control.NewAction("route-1", KindRoute, "route/us-west-2", RouteArgs{Region: "us-west-2"})
	if err != nil {
		t.Fatal(err)
	}
	if err := (Router{switchFile{}}).Kinds()[0].Guard(t.Context(), a); err == nil {
		t.Error("it was let pass")
	}
}
