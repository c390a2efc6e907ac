package redis

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/greenlang/fournines/internal/spec"
)

// declared returns the settings of a list of options, "--name value" each.
func declared(options []string) map[string]string {
	out := map[string]string{}
	for i := 0; i+1 < len(options); i += 2 {
		out[strings.TrimPrefix(options[i], "--")] = options[i+1]
	}
	return out
}

// sentinelDeclared returns what each Sentinel shall say of its master.
func sentinelDeclared(r spec.Redis) map[string]string {
	out, options := map[string]string{"quorum": strconv.Itoa(r.Quorum)}, SentinelOptions(r)
	for i := 0; i+3 < len(options); i += 4 { // --sentinel NAME MASTER VALUE
		out[options[i+1]] = options[i+3]
	}
	return out
}

// altered says in words which declared settings somebody has changed on a server while it
// runs. A server that does not tell them is no server that has them.
func altered(ctx context.Context, c rueidis.Client, want map[string]string) []string {
	names := slices.Sorted(maps.Keys(want))
	questions := make(rueidis.Commands, 0, len(names))
	for _, name := range names {
		questions = append(questions, c.B().Arbitrary("CONFIG", "GET", name).Build())
	}
	is := map[string]string{}
	for i, answer := range c.DoMulti(ctx, questions...) {
		m, err := answer.AsStrMap()
		if err != nil {
			return []string{fmt.Sprintf("nobody knows whether its settings are as declared: it does not tell %s: %v", names[i], err)}
		}
		maps.Copy(is, m)
	}
	return compare(is, want)
}

func compare(is, want map[string]string) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		switch v, known := is[name]; {
		case !known:
			out = append(out, fmt.Sprintf("%s is unknown to it, declared is %s", name, want[name]))
		case bytes(v) != bytes(want[name]):
			out = append(out, fmt.Sprintf("%s is %s, declared is %s", name, orNothing(v), orNothing(want[name])))
		}
	}
	return out
}

// bytes writes a size as the server does: without a unit.
func bytes(s string) string {
	if n, err := strconv.ParseInt(strings.TrimSuffix(s, "mb"), 10, 64); err == nil && strings.HasSuffix(s, "mb") {
		return strconv.FormatInt(n<<20, 10)
	}
	return s
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
