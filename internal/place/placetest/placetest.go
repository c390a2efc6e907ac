package placetest

import (
	"testing"

	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

func Layout(t *testing.T) place.Layout {
	t.Helper()
	p, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	return place.Layout{Platform: p, Regions: []string{"us-east-1"}, Root: "/data"}
}
