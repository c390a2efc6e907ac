package console

import (
	"fmt"
	"strings"
	"time"
)

// The equal command of each verb, ready to paste into a shell. The words of the
// command line are the cli package's; a test there may compare.

func injectCommand(kind, target string, d time.Duration, reason string) string {
	return fmt.Sprintf("fournines fault inject %s %s --for %s --reason %s", kind, target, d, quote(reason))
}

func clearCommand(id string) string { return "fournines fault clear " + quote(id) }

func switchoverCommand(cluster, candidate, reason string) string {
	to := ""
	if candidate != "" {
		to = " --to " + quote(candidate)
	}
	return fmt.Sprintf("fournines switchover %s%s --reason %s", quote(cluster), to, quote(reason))
}

func decideCommand(verb, id, reason string) string {
	return fmt.Sprintf("fournines %s %s --reason %s", verb, quote(id), quote(reason))
}

func moveCommand(s moveSheet) string {
	words := "fournines " + s.Home.Verb() + " " + s.Home.Region
	if s.Ungraceful {
		words += " --ungraceful"
	}
	if s.Practice {
		words += " --practice"
	}
	if s.AcceptLoss {
		words += " --accept-loss"
	}
	return words + " --reason " + quote(s.Reason) + " --yes"
}

func routeCommand(region, to, reason string) string {
	return fmt.Sprintf("fournines route set %s %s --reason %s", quote(region), to, quote(reason))
}

// quote makes one shell word of any text.
func quote(text string) string {
	if text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
