package wiring

import (
	"testing"

	"github.com/greenlang/fournines/internal/platformtest/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }
