package consoletest

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"

	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	chaosdoor "github.com/greenlang/fournines/internal/chaos/door"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/console"
	scheduledoor "github.com/greenlang/fournines/internal/schedule/door"
)

// Pages are the pages of every door over a fixture.
func Pages(f *Fixture) []console.Page {
	return slices.Concat(
		console.PlatformPages(f), console.OperationPages(f), console.DrillPages(f), console.EvidencePages(f), chaosdoor.Pages(f, f),
		availabilitydoor.Pages(availabilitydoor.Source{Platform: f, Clusters: f, Homes: f, Routing: f, Copies: f}, f, f),
		compliancedoor.Pages(Compliance(f), f), scheduledoor.Pages(f),
	)
}

// Compliance is the fixture as what the door of compliance reads.
func Compliance(f *Fixture) compliancedoor.Source {
	return compliancedoor.Source{Proofs: f, Witnesses: f, Archives: f, Persons: f, Queries: f}
}

// Console is the console over a fixture, at noon.
func Console(f *Fixture) http.Handler { return ConsoleOf(f, Pages(f)) }

// ConsoleOf is a console of some pages over a fixture, at noon.
func ConsoleOf(f *Fixture, pages []console.Page) http.Handler {
	return console.New(console.Options{Source: f, Pages: pages, Now: Noon, Version: "0.1.0-test", Logger: slog.New(slog.DiscardHandler)})
}

// Post sends a form as a browser does from a page of the console.
func Post(f *Fixture, address string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer := httptest.NewRecorder()
	Console(f).ServeHTTP(answer, r)
	return answer
}

// Form is a form of names and values, one after the other.
func Form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}
