package serve

import (
	"context"

	"github.com/greenlang/fournines/internal/greenlang"
)

// Paging is what every list takes. Exported, as AgentVersion is, because the API's
// library does not see fields that come from embedding an unexported type.
type Paging struct {
	Cursor string `query:"cursor" doc:"where the page before ended; opaque, valid for this list and these filters only"`
	Limit  int    `query:"limit" minimum:"0" doc:"items a page: 0 means 50, more than 100 means 100"`
}

// page is what every list answers.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page; absent on the last"`
}

type pageOutput[T any] struct{ Body page[T] }

// list reads one page: it opens the cursor, fetches one item more than asked
// for, and seals a cursor after the last if there is more. scope holds the
// list's name and filters, keys tells an item's place, and n is how many keys
// that is.
func list[T any](ctx context.Context, a *api, p Paging, scope []string, n int,
	fetch func(ctx context.Context, after []string, limit int) ([]T, error), keys func(T) []string) (*pageOutput[T], error) {
	cursor, err := a.store.Cursor(ctx)
	if err != nil {
		return nil, a.refuse(ctx, err)
	}
	after := make([]string, n)
	if p.Cursor != "" {
		if after, err = cursor.Open(scope, p.Cursor); err != nil || len(after) != n {
			return nil, a.refuse(ctx, greenlang.ErrCursor)
		}
	}
	limit := greenlang.PageSize(p.Limit)
	items, err := fetch(ctx, after, limit+1)
	if err != nil {
		return nil, a.refuse(ctx, err)
	}
	out := &pageOutput[T]{Body: page[T]{Items: append([]T{}, items[:min(limit, len(items))]...)}}
	if len(items) > limit {
		if out.Body.Next, err = cursor.Seal(scope, keys(items[limit-1])); err != nil {
			return nil, a.refuse(ctx, err)
		}
	}
	return out, nil
}
