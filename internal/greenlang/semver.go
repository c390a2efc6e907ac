package greenlang

import (
	"cmp"
	"fmt"
	"strings"
)

// maxVersionLength bounds a version string in bytes; the standard sets no bound,
// an index does.
const maxVersionLength = 128

// Version is a semantic version (semver 2.0.0), taken apart. Numbers stay
// decimal strings: the standard sets no bound on them.
type Version struct {
	Major, Minor, Patch string
	Pre                 []string // dot-separated pre-release identifiers, empty for a release
	Build               []string // dot-separated build identifiers, ignored by precedence
}

// ParseVersion takes a semantic version apart, or says what is wrong with it and where.
func ParseVersion(s string) (Version, error) {
	if len(s) > maxVersionLength {
		return Version{}, fmt.Errorf("parse version: %d bytes, at most %d allowed", len(s), maxVersionLength)
	}
	rest, build, hasBuild := strings.Cut(s, "+")
	core, pre, hasPre := strings.Cut(rest, "-")
	var v Version
	var err error
	if hasBuild {
		if v.Build, err = identifiers(build, false); err != nil {
			return Version{}, fmt.Errorf("parse version %q: build: %w", s, err)
		}
	}
	if hasPre {
		if v.Pre, err = identifiers(pre, true); err != nil {
			return Version{}, fmt.Errorf("parse version %q: pre-release: %w", s, err)
		}
	}
	parts := strings.Split(core, ".")
	if len(parts) != 3 {
		return Version{}, fmt.Errorf("parse version %q: want MAJOR.MINOR.PATCH, for example 1.4.0", s)
	}
	for _, p := range parts {
		if !numeric(p) || leadingZero(p) {
			return Version{}, fmt.Errorf("parse version %q: %q is not a number without leading zeros", s, p)
		}
	}
	v.Major, v.Minor, v.Patch = parts[0], parts[1], parts[2]
	return v, nil
}

// identifiers splits dot-separated identifiers; strict refuses numbers with leading zeros.
func identifiers(s string, strict bool) ([]string, error) {
	ids := strings.Split(s, ".")
	for _, id := range ids {
		if id == "" {
			return nil, fmt.Errorf("an identifier is empty")
		}
		for i := range len(id) {
			if c := id[i]; !digit(c) && !letter(c) && c != '-' {
				return nil, fmt.Errorf("identifier %q holds %q; only 0-9, A-Z, a-z and - may be used", id, c)
			}
		}
		if strict && numeric(id) && leadingZero(id) {
			return nil, fmt.Errorf("number %q has a leading zero", id)
		}
	}
	return ids, nil
}

// String puts the version together again, byte for byte what was parsed.
func (v Version) String() string {
	s := v.Major + "." + v.Minor + "." + v.Patch
	if len(v.Pre) > 0 {
		s += "-" + strings.Join(v.Pre, ".")
	}
	if len(v.Build) > 0 {
		s += "+" + strings.Join(v.Build, ".")
	}
	return s
}

// Compare orders two versions by semver precedence: negative when v is lower,
// 0 when neither precedes (build identifiers do not count), positive when higher.
func (v Version) Compare(w Version) int {
	if c := cmp.Or(compareNumbers(v.Major, w.Major), compareNumbers(v.Minor, w.Minor), compareNumbers(v.Patch, w.Patch)); c != 0 {
		return c
	}
	if len(v.Pre) == 0 || len(w.Pre) == 0 { // a release is above its pre-releases
		return cmp.Compare(len(w.Pre), len(v.Pre))
	}
	for i := range min(len(v.Pre), len(w.Pre)) {
		if c := compareIdentifiers(v.Pre[i], w.Pre[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(v.Pre), len(w.Pre))
}

func compareIdentifiers(a, b string) int {
	switch an, bn := numeric(a), numeric(b); {
	case an && bn:
		return compareNumbers(a, b)
	case an:
		return -1
	case bn:
		return 1
	default:
		return strings.Compare(a, b)
	}
}

// compareNumbers compares decimals without leading zeros: the longer is the larger.
func compareNumbers(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func numeric(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return s != ""
}

func leadingZero(s string) bool { return len(s) > 1 && s[0] == '0' }
func digit(c byte) bool         { return c >= '0' && c <= '9' }
func letter(c byte) bool        { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
