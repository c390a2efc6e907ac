package plain_test

import (
	"testing"

	"github.com/greenlang/fournines/internal/journal/query/plain"
	"github.com/greenlang/fournines/internal/journal/query/querytest"
)

func TestConform(t *testing.T) {
	t.Parallel()
	querytest.Conform(t, plain.Engine{}, querytest.New(t, querytest.Size), "../querytest/testdata/answers.txt")
}
