package wiring

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/query/worker"
	"github.com/greenlang/fournines/internal/platformtest/strict"
	"github.com/greenlang/fournines/internal/wing"
)

// A question goes through the API with its proofs, and what is wrong with one is said.
func TestQueryThroughTheAPI(t *testing.T) {
	t.Parallel()
	program, err := filepath.Abs(filepath.Join("../../../bin", worker.Program))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		strict.Skip(t, "questions through the API, which need bin/fournines-query (make build builds it)", err)
	}
	h := &wing.House{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler), Now: time.Now}
	if h.Journal, err = journal.Open(filepath.Join(h.Dir, "journal"), time.Now); err != nil {
		t.Fatal(err)
	}
	x, _ := New(h, Options{})
	x.openTables()
	x.answers.engine = worker.New(worker.Options{Program: program, Dir: filepath.Join(h.Dir, "table")})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	kept := make(chan error, 1)
	go func() { kept <- x.keepTables(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-kept; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := errors.Join(x.answers.close(), h.Journal.Close()); err != nil {
			t.Error(err)
		}
	})
	for i := range 5 {
		if _, err := h.Journal.Append(t.Context(), journal.Entry{Kind: "seen.thing", Subject: fmt.Sprint("s", i), Data: []byte(`{"n":9007199254740993}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Journal.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	api.Mount(mux, "test", door.Routes(door.Source{Queries: x}))
	post := func(body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/v1/journal/query", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	w := post(`{"sql":"select index, subject, data->>'$.n' as n from entries where index > 2 order by 1","prove":true}`)
	var a door.QueryAnswer
	if err := json.NewDecoder(bytes.NewReader(w.Body.Bytes())).Decode(&a); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %v: %s", w.Code, err, w.Body)
	}
	unproved, err := a.Verified(h.Journal.VerifierKey())
	if err != nil || fmt.Sprint(a.Rows, unproved, a.Head) != "[[3 s3 9007199254740993] [4 s4 9007199254740993]] [n] 5" {
		t.Fatalf("%v %v %v %v", a.Rows, unproved, a.Head, err)
	}
	for body, want := range map[string]string{
		`{"sql":"delete from entries"}`:                     "this is not a SELECT",
		`{"sql":"select kind from entries","prove":true}`:   "select the column index too",
		`{"sql":"select kind from entries","limit":100001}`: "100000",
		`{"sql":""}`: "",
		`{"sql":"select kind from entries where index = 'one'"}`: "Could not convert",
	} {
		if w := post(body); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}
