package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Reason is why somebody asks for a change. The journal keeps it, so blanks are none.
type Reason string

// Resolve implements huma.Resolver: it refuses a reason of nothing but blanks with status 422.
func (r Reason) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	if r == "" || strings.TrimSpace(string(r)) != "" { // without one, the schema says whether it is required
		return nil
	}
	return []error{&huma.ErrorDetail{Message: "the reason is blank; say in a few words why, the journal keeps it", Location: at.String(), Value: string(r)}}
}

var _ huma.ResolverWithPath = Reason("")
