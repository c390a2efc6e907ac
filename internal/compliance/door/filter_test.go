package door

import (
	"net/url"
	"testing"

	"github.com/greenlang/fournines/internal/console"
)

// FuzzEntryFilter reads any address without panic, and only into bounds.
func FuzzEntryFilter(f *testing.F) {
	f.Add("kind=fault.&before=12")
	f.Add("from=9&before=9")
	f.Add("before=18446744073709551616")
	f.Add("operation=%00&subject=a%2Fb")
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		filter, err := readEntryFilter(q)
		if err != nil {
			return
		}
		if filter.Limit != console.PageSize || (filter.Before != 0 && filter.From >= filter.Before) {
			t.Errorf("%q is read as %+v", query, filter)
		}
	})
}
