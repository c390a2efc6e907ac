package assign

import (
	"strings"
)

// urls writes addresses as the kit's clients take them.
func urls(addresses []string) string { return "http://" + strings.Join(addresses, ",http://") }
