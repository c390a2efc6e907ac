package kafka_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/platformtest/leaks"
)

// startEnv makes this program start one broker, as `fournines kafka-broker` does.
const startEnv = "FOURNINES_TEST_KAFKA_START"

func TestMain(m *testing.M) {
	text := os.Getenv(startEnv)
	if text == "" {
		leaks.Main(m)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var s kafka.Start
	err := json.Unmarshal([]byte(text), &s)
	if err == nil {
		err = s.Exec(ctx)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// command starts a broker as a node does. "{home}" is its directory, and keeps what survives it.
func command(t *testing.T, java kafka.Java, m kafka.Member) []string {
	t.Helper()
	s := kafka.Start{Home: "{home}", Keep: "{home}/keep", Node: m.Node(), Cluster: m.ClusterID(), Argv: java.Broker(), Env: os.Environ()}
	for i, address := range m.Addresses {
		if i+1 != m.Number {
			s.Others = append(s.Others, fmt.Sprintf("%s:%d", address, kafka.Port))
		}
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"/usr/bin/env", startEnv + "=" + string(b), os.Args[0]}
}
