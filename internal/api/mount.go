package api

import (
	"crypto/subtle"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Mount puts the API for programs on mux, with its document at /openapi.json: the routes of
// every door that is given. A door without routes gives nil.
func Mount(mux *http.ServeMux, version string, routes ...func(huma.API)) {
	config := huma.DefaultConfig("fournines", version)
	config.DocsPath = "" // its page would load scripts from elsewhere
	config.Info.Description = "Operations of a multi-region platform: declare, operate, prove, predict."
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	config.Security = []map[string][]string{{"token": {}}}
	x := huma.NewGroup(humago.New(mux, config))
	takeDry(x)
	for _, mount := range routes {
		if mount != nil {
			mount(x)
		}
	}
	mux.HandleFunc(below, unrouted(mux))
}

// schemaName names the shapes as programs know them since they were published first.
func schemaName(t reflect.Type, hint string) string {
	if t == reflect.TypeFor[Relation]() {
		return "Link"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// Authorized tells whether the request carries the token, as a bearer or in the
// console's cookie.
func Authorized(r *http.Request, token string) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		c, err := r.Cookie(Cookie)
		if err != nil {
			return false
		}
		given = c.Value
	}
	return subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
}

// Cookie is the name of the console's cookie.
const Cookie = "fournines"
