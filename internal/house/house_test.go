// Package house keeps the walls where ARCHITECTURE.md says they are.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/greenlang/fournines/internal/"

var (
	core  = []string{"spec", "fact", "journal", "quorum", "state", "control", "evidence", "drill"}
	wings = []string{"availability", "recovery", "delivery", "scaling", "chaos", "performance", "security", "compliance"}
)

// may lists, for each room, the rooms it may import from. A room may always import
// from itself. What is not listed is forbidden.
func may(room string) []string {
	switch {
	case room == "spec" || room == "fact" || room == "journal":
		return nil // the bottom
	case slices.Contains(core, room):
		return core
	case slices.Contains(wings, room):
		return core // never another wing, a driver or a door
	case room == "driver":
		return []string{"spec", "fact"} // never journal or control: they record around it
	case room == "edge" || room == "greenlang":
		return nil // they run without us
	case room == "probe":
		return []string{"fact"}
	case room == "node":
		return []string{"fact", "probe", "driver"} // hands drive processes
	case room == "host":
		return []string{"fact", "node", "driver"}
	case room == "api":
		return append(slices.Clone(core), wings...)
	case room == "console":
		return []string{"api"}
	case room == "cli":
		return []string{"app", "api", "spec", "journal", "evidence", "drill", "driver"}
	}
	return nil
}

func TestDirectionOfImports(t *testing.T) {
	t.Parallel()
	seen := 0
	walk(t, func(path string, f *ast.File) {
		room := strings.SplitN(path, "/", 2)[0]
		forTests := strings.HasSuffix(filepath.Dir(path), "test")
		if room == "app" || room == "house" || room == "platformtest" || strings.HasSuffix(path, "_test.go") {
			return // app wires, tests may look anywhere
		}
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			other, ours := strings.CutPrefix(name, module)
			if !ours {
				continue
			}
			seen++
			if forTests && slices.Contains([]string{"platformtest/loopback", "platformtest/strict"}, other) {
				continue // what these need that start something, and they import nothing
			}
			if to := strings.SplitN(other, "/", 2)[0]; to != room && !slices.Contains(may(room), to) {
				t.Errorf("%s imports %s: %s may import only %v", path, other, room, may(room))
			}
		}
	})
	if seen < 50 {
		t.Fatalf("only %d imports of ours were seen: the test looks in the wrong place", seen)
	}
}

// What applications import must not bring the platform along.
func TestKitStandsAlone(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../kit/*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v %v", files, err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if first, _, _ := strings.Cut(strings.Trim(i.Path.Value, `"`), "/"); strings.Contains(first, ".") {
				t.Errorf("%s imports %s: only the standard library may be needed", path, i.Path.Value)
			}
		}
	}
}

// Deciders take the time as an argument; files that act are named here, because an
// effect may wait, and a wing's clock is a port.
func TestDecidersArePure(t *testing.T) {
	t.Parallel()
	acting := []string{"availability/failover.go", "availability/switchover.go", "availability/move.go", "availability/drills.go", "availability/drills_region.go", "availability/drills_kafka.go", "availability/drills_objects.go", "availability/drills_servers.go", "chaos/fault.go", "compliance/drills.go", "compliance/tamper.go", "compliance/rollback.go"}
	forbidden := map[string][]string{"time": {"Now", "Since", "Until", "Sleep", "After", "NewTimer", "NewTicker"}}
	walk(t, func(path string, f *ast.File) {
		if !slices.Contains(wings, strings.SplitN(path, "/", 2)[0]) || strings.HasSuffix(path, "_test.go") || slices.Contains(acting, path) {
			return
		}
		for _, i := range f.Imports {
			if name := strings.Trim(i.Path.Value, `"`); slices.Contains([]string{"math/rand", "math/rand/v2", "net", "net/http", "os"}, name) {
				t.Errorf("%s decides and imports %s", path, name)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s decides and starts a goroutine", path)
			}
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && slices.Contains(forbidden[x.Name], s.Sel.Name) {
					t.Errorf("%s decides and calls %s.%s", path, x.Name, s.Sel.Name)
				}
			}
			return true
		})
	})
}

func TestNamesAndSizes(t *testing.T) {
	t.Parallel()
	banned := []string{"util", "utils", "common", "helpers", "models", "manager", "types"}
	walk(t, func(path string, f *ast.File) {
		if slices.Contains(banned, f.Name.Name) {
			t.Errorf("%s: package %s says nothing about what it holds", path, f.Name.Name)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init() hides an effect of importing it", path)
			}
		}
		b, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(b), "\n"); n > 600 {
			t.Errorf("%s has %d lines: more than one noun lives there", path, n)
		}
	})
}

// walk parses every Go file below internal; path is relative to it.
func walk(t *testing.T, visit func(path string, f *ast.File)) {
	t.Helper()
	set := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(strings.TrimPrefix(path, "../")), f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
