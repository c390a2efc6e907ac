package serve

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/greenlang/fournines/internal/greenlang/cache"
	"github.com/greenlang/fournines/internal/greenlang/store"
)

// api is the operations at /v1.
type api struct {
	store   *store.Store
	cache   *cache.Cache
	metrics *metrics
	log     *slog.Logger
	trail   trail // nil: there is none
}

// register adds the operations to the mux, and their description at /openapi.json.
func (a *api) register(mux *http.ServeMux, version string) {
	c := huma.DefaultConfig("GreenLang registry", version)
	c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", nil // no page that loads scripts from elsewhere, no links in bodies
	c.Info.Description = "Customers, agents and runs. Errors are RFC 9457 problems."
	h := humago.New(mux, c)
	a.registerCustomers(h)
	a.registerAgents(h)
	a.registerRuns(h)
}

// cached reads through the cache: a hit is the answer, a miss asks the store and
// remembers what it says, also that there is nothing.
func cached[T any](ctx context.Context, a *api, kind, key string, read func() (T, error)) (value T, err error) {
	switch a.cache.Get(ctx, key, &value) {
	case cache.Hit:
		a.metrics.lookups.WithLabelValues(kind, "hit").Inc()
		return value, nil
	case cache.Absent:
		a.metrics.lookups.WithLabelValues(kind, "absent").Inc()
		return value, &store.NotFound{Kind: kind, Name: key[len(keyPrefix(kind)):]}
	}
	a.metrics.lookups.WithLabelValues(kind, "miss").Inc()
	value, err = read()
	if _, missing := asNotFound(err); missing {
		a.cache.PutAbsent(ctx, key)
	} else if err == nil {
		a.cache.Put(ctx, key, value)
	}
	return value, err
}

func keyPrefix(kind string) string { return "gl:" + kind + ":" }

func asNotFound(err error) (*store.NotFound, bool) { return errors.AsType[*store.NotFound](err) }

// madeStatus is 201 for what a request made, 200 for what was there.
func madeStatus(created bool) int {
	if created {
		return http.StatusCreated
	}
	return http.StatusOK
}

func op(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status,
		Errors: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable}}
}
