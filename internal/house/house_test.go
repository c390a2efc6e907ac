// Package house keeps the walls where ARCHITECTURE.md says they are.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/greenlang/fournines/internal/"

var (
	core  = []string{"spec", "fact", "journal", "quorum", "state", "control", "evidence", "drill", "runbook", "schedule"}
	wings = []string{"availability", "recovery", "delivery", "scaling", "chaos", "performance", "security", "compliance"}
	// served are what a wiring runs and a door serves: the wings, and runbooks and schedules, which are of all wings.
	served = append([]string{"runbook", "schedule"}, wings...)
	// self are about the process that runs them: the standard library and x/sys alone. All
	// that act may import them, deciders may not.
	self = []string{"probe/outcome", "accept", "descriptor", "whole"}
)

// may lists, for each room, the rooms it may import from. A room may always import
// from itself. What is not listed is forbidden. A wing is three rooms: WING, WING/wiring and
// WING/door; the client of the API is a room of its own, below what it calls.
func may(room string) []string {
	platform := []string{"spec", "fact", "place", "wait"}
	wing, part, _ := strings.Cut(room, "/")
	switch {
	case room == "spec" || room == "fact" || room == "journal" || room == "wait":
		return nil // the bottom
	case slices.Contains(core, room):
		return core
	case room == "place":
		return []string{"spec", "fact"}
	case slices.Contains(wings, room):
		return core // never another wing, a driver or a door
	case slices.Contains(served, wing) && !slices.Contains(wings, wing) && part == "wiring":
		return slices.Concat(core, platform, []string{wing, wing + "/door", "wing"}) // no engine is its own
	case slices.Contains(served, wing) && part == "wiring":
		return slices.Concat(core, platform, []string{wing, wing + "/door", "wing", "board", "assign", "api", "api/client", "driver", "edge", "node", "host", "probe", "greenlang"})
	case slices.Contains(served, wing) && part == "door":
		return slices.Concat(core, []string{wing, "wing", "api", "api/client", "console", "cli/verb"})
	case room == "wing":
		return slices.Concat(core, platform, []string{"board", "host", "node"})
	case room == "records": // what was done and seen, for the doors
		return slices.Concat(core, platform, []string{"wing", "api", "availability"})
	case room == "server": // leadership, seats, quorum: below app, which composes
		return slices.Concat(core, platform, []string{"wing", "api", "api/client", "compliance", "availability", "machines", "driver"})
	case room == "alerts":
		return slices.Concat(core, platform, []string{"wing", "driver"})
	case room == "driver":
		return []string{"spec", "fact"} // never journal or control: they record around it
	case room == "edge" || room == "greenlang":
		return nil // they run without us
	case room == "probe":
		return []string{"fact"}
	case room == "node":
		return []string{"fact", "probe", "driver"} // hands drive processes
	case room == "staging":
		return []string{"fact", "driver"} // a hand
	case room == "host":
		return []string{"fact", "node", "driver"}
	case room == "board":
		return []string{"fact", "edge"}
	case room == "machines" || room == "pki":
		return []string{"journal"}
	case room == "assign": // what nodes and edges are told
		return slices.Concat(platform, []string{"availability", "driver", "node", "edge", "probe"})
	case room == "up": // one machine: never the server, a wing's wiring, or a door
		return slices.Concat(core, platform, []string{"assign", "board", "api/client", "driver", "node", "edge", "host", "probe", "pki", "machines"})
	case room == "api/client":
		return []string{"drill"}
	case room == "api":
		return slices.Concat(core, wings, []string{"api/client", "wing"}) // never a door
	case room == "console":
		return []string{"api"}
	case room == "console/consoletest": // a fixture of all that pages show
		return slices.Concat(core, wings, doors(), []string{"api", "console"})
	case room == "cli/verb":
		return slices.Concat(core, platform, []string{"api", "api/client"})
	case room == "cli":
		return slices.Concat(core, platform, doors(), []string{"app", "up", "staging", "assign", "api", "api/client", "cli/verb", "driver", "compliance/wiring"}) // its package bucket: an archive is also verified where no server runs
	}
	return nil
}

// doors are the doors of every wing, of runbooks and of schedules.
func doors() []string {
	var out []string
	for _, w := range served {
		out = append(out, w+"/door")
	}
	return out
}

// roomOf returns the room of a path below internal.
func roomOf(path string) string {
	parts := strings.Split(path, "/")
	if len(parts) > 1 {
		two := parts[0] + "/" + parts[1]
		if slices.Contains(served, parts[0]) && (parts[1] == "wiring" || parts[1] == "door") || slices.Contains([]string{"api/client", "cli/verb", "console/consoletest", "probe/outcome"}, two) {
			return two
		}
	}
	return parts[0]
}

func TestDirectionOfImports(t *testing.T) {
	t.Parallel()
	edges := map[string][]string{} // room → rooms it imports
	for path, imports := range importsOf(t) {
		room := roomOf(filepath.ToSlash(filepath.Dir(path)))
		if room == "house" || room == "platformtest" {
			continue // they look at all of it
		}
		forTests := strings.HasSuffix(filepath.Dir(path), "test")
		for _, other := range imports {
			to := roomOf(other)
			if to == room || forTests && to == "platformtest" {
				continue
			}
			edges[room] = append(edges[room], to)
			acts := !slices.Contains(core, room) && !slices.Contains(wings, room) && !slices.Contains(self, room)
			if acts && slices.Contains(self, to) {
				continue
			}
			if room != "app" && !slices.Contains(may(room), to) { // app composes
				t.Errorf("%s imports %s: %s may import only %v", path, other, room, may(room))
			}
		}
	}
	if len(edges) < 20 {
		t.Fatalf("only %d rooms were seen: the test looks in the wrong place", len(edges))
	}
	if circle := circleIn(edges); circle != nil {
		t.Errorf("rooms import each other in a circle: %s", strings.Join(circle, " → "))
	}
}

// importsOf returns what each Go file below internal that is no test imports from there.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	walk(t, func(path string, f *ast.File) {
		if strings.HasSuffix(path, "_test.go") {
			return // tests may look anywhere
		}
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if other, ours := strings.CutPrefix(name, module); ours {
				out[path] = append(out[path], other)
			}
		}
	})
	return out
}

// circleIn returns a way from a room back to itself; nil when there is none.
func circleIn(edges map[string][]string) []string {
	done := map[string]bool{}
	var visit func(way []string) []string
	visit = func(way []string) []string {
		at := way[len(way)-1]
		if i := slices.Index(way[:len(way)-1], at); i >= 0 {
			return way[i:]
		}
		if done[at] {
			return nil
		}
		for _, to := range edges[at] {
			if circle := visit(append(slices.Clone(way), to)); circle != nil {
				return circle
			}
		}
		done[at] = true
		return nil
	}
	for _, room := range slices.Sorted(maps.Keys(edges)) {
		if circle := visit([]string{room}); circle != nil {
			return circle
		}
	}
	return nil
}

func TestCirclesAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		edges map[string][]string
		want  string
	}{
		{map[string][]string{"a": {"b", "c"}, "b": {"c"}}, ""},
		{map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"d", "b"}}, "b c b"},
	} {
		if got := strings.Join(circleIn(c.edges), " "); got != c.want {
			t.Errorf("%v: %q, want %q", c.edges, got, c.want)
		}
	}
}

// What a door or a kit of doors reads and asks is declared in small interfaces, so that none
// grows into everything that a server can do.
func TestInterfacesOfDoorsAreSmall(t *testing.T) {
	t.Parallel()
	const most = 6
	all := map[string]*ast.InterfaceType{} // by folder and name
	kept := map[string]string{}            // those of doors: where they stand
	walk(t, func(path string, f *ast.File) {
		folder := filepath.ToSlash(filepath.Dir(path))
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range decl.Specs {
				if ts, ok := s.(*ast.TypeSpec); ok {
					if i, ok := ts.Type.(*ast.InterfaceType); ok {
						all[folder+"."+ts.Name.Name] = i
						if folder == "api" || folder == "console" || strings.HasSuffix(folder, "/door") {
							kept[folder+"."+ts.Name.Name] = folder
						}
					}
				}
			}
		}
	})
	var count func(folder string, i *ast.InterfaceType) int
	count = func(folder string, i *ast.InterfaceType) int {
		n := 0
		for _, m := range i.Methods.List {
			var of *ast.InterfaceType
			in := folder
			switch x := m.Type.(type) {
			case *ast.Ident:
				of = all[in+"."+x.Name]
			case *ast.SelectorExpr: // of a kit, which is named as its folder
				if kit, ok := x.X.(*ast.Ident); ok {
					in, of = kit.Name, all[kit.Name+"."+x.Sel.Name]
				}
			}
			if of == nil {
				n += max(1, len(m.Names))
				continue
			}
			n += count(in, of)
		}
		return n
	}
	if len(kept) < 12 {
		t.Fatalf("only %d interfaces were seen: the test looks in the wrong place", len(kept))
	}
	for name, folder := range kept {
		if n := count(folder, all[name]); n > most {
			t.Errorf("%s has %d methods, at most %d: name what each part is for", name, n, most)
		}
	}
}

// appLines bounds app, which composes and does nothing else. It shrinks as wings take what
// is theirs: 2,500 is the aim.
const appLines = 900

func TestAppComposesOnly(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../app/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v %v", files, err)
	}
	lines := 0
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(b), "\n")
	}
	if lines > appLines {
		t.Errorf("app has %d lines, at most %d: what decides or acts belongs to a wing", lines, appLines)
	}
}

// mostMethods bounds what one struct may do; one that does more is several.
const mostMethods = 60

func TestNoStructDoesEverything(t *testing.T) {
	t.Parallel()
	methods := map[string]int{} // folder and type → methods
	walk(t, func(path string, f *ast.File) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || strings.HasSuffix(path, "_test.go") {
				continue
			}
			of := fn.Recv.List[0].Type
			if p, ok := of.(*ast.StarExpr); ok {
				of = p.X
			}
			if name, ok := of.(*ast.Ident); ok {
				methods[filepath.Dir(path)+"."+name.Name]++
			}
		}
	})
	for name, n := range methods {
		if n > mostMethods {
			t.Errorf("%s has %d methods, at most %d: it does more than one thing", name, n, mostMethods)
		}
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
// effect may wait, and a wing's clock is a port. Wiring and door act: that is what they are for.
func TestDecidersArePure(t *testing.T) {
	t.Parallel()
	acting := []string{"availability/failover.go", "availability/switchover.go", "availability/move.go", "availability/move_home.go", "availability/drills.go", "availability/drills_region.go", "availability/drills_kafka.go", "availability/drills_mirror.go", "availability/drills_partner.go", "availability/drills_connections.go", "availability/drills_disk.go", "availability/drills_empty.go", "availability/drills_objects.go", "availability/drills_servers.go", "chaos/fault.go", "compliance/drills.go", "compliance/tamper.go", "compliance/rollback.go", "recovery/backup.go", "runbook/engine.go", "runbook/library.go"}
	forbidden := map[string][]string{"time": {"Now", "Since", "Until", "Sleep", "After", "NewTimer", "NewTicker"}}
	walk(t, func(path string, f *ast.File) {
		if !slices.Contains(served, roomOf(filepath.ToSlash(filepath.Dir(path)))) || strings.HasSuffix(path, "_test.go") || slices.Contains(acting, path) {
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

// A component's id has one reader, so that a text that is none is refused the same way
// everywhere; other texts with slashes are named here.
func TestIDsAreReadInOnePlace(t *testing.T) {
	t.Parallel()
	mayCut := map[string]string{"cli/verify_archive.go": "an address of S3", "console/address.go": "an address"}
	rooms := slices.Concat(wings, []string{"evidence", "assign", "up", "alerts", "app", "server", "place", "console", "cli"})
	walk(t, func(path string, f *ast.File) {
		if strings.HasSuffix(path, "_test.go") || mayCut[path] != "" || !slices.Contains(rooms, strings.Split(path, "/")[0]) {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"Cut", "Split", "SplitN"}, s.Sel.Name) {
				return true
			}
			if by, ok := call.Args[1].(*ast.BasicLit); ok && by.Value == `"/"` {
				t.Errorf("%s cuts a text at \"/\": read an id with fact.Component, Cluster, Zone or RegionOf", path)
			}
			return true
		})
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
