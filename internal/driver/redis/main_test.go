package redis_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/greenlang/fournines/internal/driver/redis"
	"github.com/greenlang/fournines/internal/platformtest/leaks"
)

// startEnv makes this program start one server, as `fournines redis` does.
const startEnv = "FOURNINES_TEST_REDIS_START"

func TestMain(m *testing.M) {
	text := os.Getenv(startEnv)
	if text == "" {
		leaks.Main(m)
		return
	}
	var s redis.Start
	err := json.Unmarshal([]byte(text), &s)
	if err == nil {
		err = s.Exec(context.Background())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
