package greenlang

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// published is the expression that the standard itself suggests (semver.org,
// "is there a suggested regular expression"): the referee for our parser.
var published = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$`)

func TestVersionPrecedence(t *testing.T) {
	t.Parallel()
	// In ascending order, section 11 of the standard and cases around it.
	order := strings.Fields("0.0.0-0 0.0.1 0.9.0 0.10.0 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1-- 2.0.0 2.1.0 2.1.1 99999999999999999999.0.0")
	for i, a := range order {
		for j, b := range order {
			got := mustVersion(t, a).Compare(mustVersion(t, b))
			if sign(got) != sign(i-j) {
				t.Errorf("%s against %s: got %d, want sign of %d", a, b, got, i-j)
			}
		}
	}
	if mustVersion(t, "1.0.0+a").Compare(mustVersion(t, "1.0.0+b")) != 0 {
		t.Error("build identifiers must not count")
	}
}

func FuzzParseVersion(f *testing.F) {
	for _, s := range []string{"1.2.3", "1.2", "01.2.3", "1.2.3-", "1.2.3+", "1.2.3-0a.01", "1.2.3-a+b.c", "1.2.3--1", "v1.2.3", "1.2.3-é", "1.2.3+a+b", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseVersion(s)
		want := published.MatchString(s) && len(s) <= maxVersionLength && !strings.HasSuffix(s, "\n")
		if (err == nil) != want {
			t.Fatalf("%q: got error %v, the standard says valid=%v", s, err, want)
		}
		if err == nil && (v.String() != s || v.Compare(v) != 0) {
			t.Fatalf("%q: came back as %q", s, v)
		}
	})
}

func TestLifecycleHasOneWay(t *testing.T) {
	t.Parallel()
	legal := []string{"draft>experimental", "experimental>certified", "certified>deprecated"}
	for _, from := range Lifecycles() {
		for _, to := range Lifecycles() {
			moved, err := Transition(from, to)
			ok := slices.Contains(legal, string(from)+">"+string(to))
			if moved != ok || (err == nil) != (ok || from == to) {
				t.Errorf("%s to %s: moved %v, error %v", from, to, moved, err)
			}
		}
	}
}

func mustVersion(t *testing.T, s string) Version {
	t.Helper()
	v, err := ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func sign(n int) int { return max(-1, min(1, n)) }
