package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Tests hold anywhere: beside each other, beside a platform that a person runs, on a slow
// machine, and where something is missing they say so. What cannot be otherwise is named here.
var (
	mayListen = map[string]string{
		"internal/driver/s3/gateway/sweep_test.go": "the options are refused",
	}
	maySkip = map[string]string{
		"internal/platformtest/strict/strict.go": "it is the way to skip",
	}
	maySleep = map[string]string{
		"internal/edge/web/kill_test.go":               "a backend's work takes time",
		"internal/driver/s3/kill_test.go":              "the moment of a kill is drawn by lot",
		"internal/journal/query/worker/worker_test.go": "it asks again until a fact holds",
		"prove/region_test.go":                         "a proof measures by the wall clock",
	}
)

// fixed finds loopback addresses beyond the networks that platforms have by default, which
// tests of pure functions write down, and beyond 127.0.0.x.
var fixed = regexp.MustCompile(`127\.([0-9]+)\.[0-9]+\.[0-9]+`)

func TestTestsListenWhereNobodyElseDoes(t *testing.T) {
	t.Parallel()
	seen := 0
	walkTests(t, func(path string, f *ast.File, at func(ast.Node) string) {
		check := func(n ast.Node, value ast.Expr) {
			seen++
			text, ok := literal(value)
			if ok && text != "" && !strings.HasSuffix(text, ":0") && strings.Contains(text, ":") && mayListen[path] == "" {
				t.Errorf("%s listens on %q: take an address of internal/platformtest/loopback, or port 0 of a listener that stays open", at(n), text)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "Listen") {
					for _, a := range n.Args {
						check(n, a)
					}
				}
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && slices.Contains([]string{"Listen", "ListenTLS"}, k.Name) {
					check(n, n.Value)
				}
				if k, ok := n.Key.(*ast.Ident); ok && slices.Contains([]string{"Client", "Peer"}, k.Name) { // of etcd
					if text, ok := literal(n.Value); ok && strings.Contains(text, "://") {
						t.Errorf("%s listens on %q: take an address of internal/platformtest/loopback", at(n), text)
					}
				}
			case *ast.BasicLit:
				text, _ := literal(n)
				for _, m := range fixed.FindAllStringSubmatch(text, -1) {
					if number, err := strconv.Atoi(m[1]); err == nil && number > 6 {
						t.Errorf("%s names %s: a network is handed out by internal/platformtest/loopback, and a test that only writes one down takes 127.1 to 127.6", at(n), m[0])
					}
				}
			}
			return true
		})
	})
	if seen < 20 {
		t.Errorf("only %d listeners were seen: the test looks in the wrong place", seen)
	}
}

func literal(x ast.Expr) (string, bool) {
	l, ok := x.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(l.Value)
	return text, err == nil
}

// A sleep is a guess of how long something takes. Under testing/synctest it is exact.
func TestTestsWaitForFacts(t *testing.T) {
	t.Parallel()
	seen := 0
	walkTests(t, func(path string, f *ast.File, at func(ast.Node) string) {
		virtual := false
		for _, i := range f.Imports {
			virtual = virtual || i.Path.Value == `"testing/synctest"`
		}
		limits := map[ast.Node]bool{} // of a select
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CommClause); ok && c.Comm != nil {
				limits[c.Comm] = true
			}
			if n != nil && !limits[n] && sleeps(n) {
				seen++
				if !virtual && maySleep[path] == "" {
					t.Errorf("%s sleeps: wait for the fact, with a generous limit, or run under testing/synctest", at(n))
				}
			}
			return true
		})
	})
	if seen < 5 {
		t.Errorf("only %d sleeps were seen: the test looks in the wrong place", seen)
	}
}

// sleeps tells whether a node is time.Sleep(…), or <-time.After(…) outside a select.
func sleeps(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ExprStmt:
		if u, ok := n.X.(*ast.UnaryExpr); ok && u.Op == token.ARROW {
			return calls(u.X, "time", "After")
		}
	case *ast.CallExpr:
		return calls(n, "time", "Sleep")
	}
	return false
}

func calls(x ast.Expr, pkg, name string) bool {
	c, ok := x.(*ast.CallExpr)
	if !ok {
		return false
	}
	s, ok := c.Fun.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	p, ok := s.X.(*ast.Ident)
	return ok && p.Name == pkg
}

func TestTestsSkipOnlyWhereTheyMay(t *testing.T) {
	t.Parallel()
	walkTests(t, func(path string, f *ast.File, at func(ast.Node) string) {
		ast.Inspect(f, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			s, ok := c.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, s.Sel.Name) || maySkip[path] != "" {
				return true
			}
			if p, ok := s.X.(*ast.Ident); !ok || p.Name != "strict" {
				t.Errorf("%s skips: call strict.Skip, which fails where everything must be proved", at(n))
			}
			return true
		})
	})
}

// walkTests parses every file that only tests use; path is relative to the repository's root.
func walkTests(t *testing.T, visit func(path string, f *ast.File, at func(ast.Node) string)) {
	t.Helper()
	set, seen := token.NewFileSet(), 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") && !(strings.HasSuffix(path, ".go") && strings.HasSuffix(filepath.Dir(path), "test") || strings.Contains(path, "platformtest/") && strings.HasSuffix(path, ".go")) {
			return nil
		}
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		seen++
		path = filepath.ToSlash(strings.TrimPrefix(path, "../../"))
		visit(path, f, func(n ast.Node) string { return path + ":" + strconv.Itoa(set.Position(n.Pos()).Line) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 200 {
		t.Errorf("only %d files of tests were seen", seen)
	}
}
