package console_test

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/console"
	"github.com/greenlang/fournines/internal/console/consoletest"
)

var serveFlag = flag.String("serve", "", "serve the fixture on this address for the browser tests, instead of testing")

// TestServe is no test without -serve: it is the server the browser tests open.
// The fixture stays in test files, so no binary of ours can show it as real.
// Beside the console it serves /login, and POST /advance makes something happen.
func TestServe(t *testing.T) {
	if *serveFlag == "" {
		return // it is no test
	}
	f := consoletest.New()
	mux := http.NewServeMux()
	mux.Handle("/", consoletest.Console(f))
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		console.Login(w, r, r.URL.Query().Get("problem"))
	})
	mux.HandleFunc("POST /advance", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, f.Advance())
	})
	listener, err := net.Listen("tcp", *serveFlag)
	if err != nil {
		t.Fatalf("listen for the browser tests: %v", err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	go func() {
		<-interrupt
		_ = server.Close() // open streams end with it
	}()
	fmt.Printf("serving http://%s\n", listener.Addr())
	if err := server.Serve(listener); err != http.ErrServerClosed {
		t.Fatalf("serve the browser tests: %v", err)
	}
}
