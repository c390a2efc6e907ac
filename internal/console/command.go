package console

import (
	"fmt"
	"strings"
)

// decideCommand is the equal command of a decision, ready to paste into a shell.
func decideCommand(verb, id, reason string) string {
	return fmt.Sprintf("fournines %s %s --reason %s", verb, Quote(id), Quote(reason))
}

// Quote makes one shell word of any text.
func Quote(text string) string {
	if text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
