package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/state"
)

// dryParam is the parameter of every request for a change that asks only what would be done.
const dryParam = "dry_run"

// takeDry lets every route that changes something take a dry run: it is answered as the change
// would be, or refused as it would be, by the same guards; nothing is done or recorded.
func takeDry(x *huma.Group) {
	x.UseSimpleModifier(func(o *huma.Operation) {
		if changes(o.Method) {
			o.Parameters = append(o.Parameters, &huma.Param{
				Name: dryParam, In: "query", Schema: &huma.Schema{Type: huma.TypeBoolean},
				Description: "true: pass every guard, answer as if it were done, and do nothing",
			})
		}
	})
	x.UseMiddleware(func(c huma.Context, next func(huma.Context)) {
		switch v := c.Query(dryParam); {
		case !changes(c.Method()) || v == "" || v == "false":
		case v == "true":
			c = huma.WithContext(c, state.DryRun(c.Context()))
		default: // it might have been meant, so nothing is done
			_ = huma.WriteErr(x, c, http.StatusUnprocessableEntity, fmt.Sprintf("%s is %q: it is true or false", dryParam, v)) // a client that is gone asks again
			return
		}
		next(c)
	})
}

// changes tells whether requests of a method change something.
func changes(method string) bool { return method != http.MethodGet && method != http.MethodHead }

// done takes the end of a dry run for the end of the change.
func done(err error) error {
	if errors.Is(err, state.ErrDry) {
		return nil
	}
	return err
}
