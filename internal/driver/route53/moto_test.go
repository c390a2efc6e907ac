package route53

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsroute53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/greenlang/fournines/internal/driver/route53/route53test"
)

// childEnv holds what the process that is killed applies.
const childEnv = "FOURNINES_ROUTE53_CHILD"

// child is an application in a process of its own.
type child struct {
	Endpoint, Zone string
	Changes        int
	Want           Want
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		var c child
		err := json.Unmarshal([]byte(text), &c)
		if err == nil {
			var z *Zone
			if z, err = open(c.Endpoint, c.Zone, c.Changes); err == nil {
				_, err = z.Apply(context.Background(), c.Want)
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	moto.Lock()
	if moto.stop != nil {
		moto.stop()
	}
	os.Exit(code)
}

// moto is the Route 53 of all tests: each has a zone of its own in it.
var moto struct {
	sync.Mutex
	address string
	stop    func()
}

func server(t *testing.T) string {
	t.Helper()
	moto.Lock()
	defer moto.Unlock()
	if moto.stop == nil {
		moto.address, moto.stop = route53test.Launch(t, "that a Route 53 takes these changes")
	}
	return moto.address
}

func open(endpoint, zone string, changes int) (*Zone, error) {
	return New(Options{Endpoint: endpoint, HostedZone: zone, Credentials: route53test.Someone, Changes: changes, Attempts: 2, MaxBackoff: time.Millisecond, Spread: time.Millisecond})
}

// world is a zone in moto behind a proxy that may interfere.
type world struct {
	*Zone
	want      Want
	id        string
	proxy     *httptest.Server
	interfere atomic.Pointer[func(http.ResponseWriter, *http.Request) bool] // true: it has answered
	forward   http.Handler
}

func newWorld(t *testing.T, changes int) *world {
	t.Helper()
	address := server(t)
	to, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{want: greenlang(), forward: httputil.NewSingleHostReverseProxy(to)}
	w.want.Owner = strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())) // health checks are the account's
	w.proxy = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if f := w.interfere.Load(); f != nil && (*f)(out, in) {
			return
		}
		w.forward.ServeHTTP(out, in)
	}))
	t.Cleanup(w.proxy.Close)
	client := route53test.Client(address)
	w.id = route53test.MakeZone(t, address, "greenlang.com", t.Name())
	if _, err := client.ChangeResourceRecordSets(t.Context(), &awsroute53.ChangeResourceRecordSetsInput{HostedZoneId: &w.id, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: types.ChangeActionCreate, ResourceRecordSet: &types.ResourceRecordSet{
		Name: aws.String("www.greenlang.com"), Type: types.RRTypeA, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.80")}},
	}}}}}); err != nil {
		t.Fatal(err)
	}
	if w.Zone, err = open(w.proxy.URL, w.id, changes); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) apply(t *testing.T) Result {
	t.Helper()
	r, err := w.Apply(t.Context(), w.want)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// holds reads the zone and says what is not as it must always be.
func (w *world) holds(t *testing.T) Have {
	t.Helper()
	have, err := w.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(have.Records, func(r Record) bool { return r.Name == "www.greenlang.com." && r.Values[0] == "192.0.2.80" }) {
		t.Error("somebody else's record is gone")
	}
	return have
}

func TestApply_7_1_2(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	if r := w.apply(t); r.Changes != 21 || r.Made != 6 || len(r.Batches) != 1 {
		t.Errorf("the first time: %+v", r)
	}
	if r := w.apply(t); r.Changes+r.Made+r.Dropped != 0 {
		t.Errorf("again: %+v", r)
	}
	w.want.Regions[0].Open, w.want.Regions[3].Open = false, true
	for i := 0; i < 12; i += 3 {
		w.want.Cells[i] = "us-west-2"
	}
	if r := w.apply(t); r.Changes != 6 || r.Made != 0 || r.Dropped != 0 {
		t.Errorf("a home has moved: %+v", r)
	}
	w.want.Regions[3].Path = "/healthz"
	if r := w.apply(t); r.Changes != 1 || r.Made != 1 || r.Dropped != 1 {
		t.Errorf("another health check: %+v", r)
	}
	w.want.Regions[3].Path = "/readyz"
	if r := w.apply(t); r.Changes != 1 || r.Made != 1 || r.Dropped != 1 {
		t.Errorf("and the first again, as a new one: %+v", r)
	}
	have := w.holds(t)
	if got := answering(have); got != "ap-southeast-1 eu-west-1 us-west-2" {
		t.Errorf("the service stands for %s", got)
	}
	for _, r := range have.Records {
		if r.Name == "cell-0.api.greenlang.com." && (len(r.Values) != 1 || r.Values[0] != "203.0.113.4") {
			t.Errorf("%+v", r)
		}
		if r.Region == "us-west-2" && r.Check == "" {
			t.Errorf("%+v has no health check", r)
		}
	}
}

// More than a thousand changes go in batches; this is also what the batch's bound is for.
func TestManyChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	for range 700 {
		w.want.Cells = append(w.want.Cells, "eu-west-1")
	}
	if r := w.apply(t); r.Changes != 721 || len(r.Batches) != 2 {
		t.Errorf("%d changes in %d batches", r.Changes, len(r.Batches))
	}
	if r := w.apply(t); r.Changes != 0 {
		t.Errorf("again: %+v", r)
	}
}

func mutates(in *http.Request) bool { return in.Method != http.MethodGet }

// Somebody acknowledges changes and drops them: the driver reads back, and says so.
func TestAcknowledgedIsNotDone(t *testing.T) {
	t.Parallel()
	lie := func(out http.ResponseWriter, in *http.Request) bool {
		if !strings.Contains(in.URL.Path, "rrset") || !mutates(in) {
			return false
		}
		fmt.Fprint(out, `<?xml version="1.0"?><ChangeResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeInfo><Id>/change/C1</Id><Status>INSYNC</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>`)
		return true
	}
	w := newWorld(t, 0)
	w.interfere.Store(&lie)
	if r, err := w.Apply(t.Context(), w.want); !errors.Is(err, ErrUnproved) || len(r.Batches) == 0 {
		t.Fatalf("%+v %v", r, err)
	}
	w.interfere.Store(nil)
	w.apply(t)
	w.want.Regions[0].Open = false
	w.interfere.Store(&lie)
	if _, err := w.Apply(t.Context(), w.want); !errors.Is(err, ErrUnproved) {
		t.Fatalf("a switch: %v", err)
	}
	if got := answering(w.holds(t)); got != "ap-southeast-1 eu-west-1 us-east-1" {
		t.Errorf("%s", got)
	}
}

// Somebody else's record in the way is left alone, and nothing of ours is begun.
func TestForeignRecordsStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	other := w.want
	other.Owner = "other"
	if _, err := w.Apply(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if r, err := w.Apply(t.Context(), w.want); !errors.Is(err, ErrForeign) || r.Changes+r.Made != 0 {
		t.Errorf("%+v %v", r, err)
	}
	if n := len(w.holds(t).Records); n < 21 {
		t.Errorf("%d records are left", n)
	}
}

// The process is killed before or after each change reaches Route 53; the next one goes
// on, and at no moment does the service stand for no region.
func TestKilledAtEveryBoundary(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 6)
	w.apply(t)
	kills := 0
	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			w.want.Regions[0].Open, w.want.Regions[3].Open = !w.want.Regions[0].Open, !w.want.Regions[3].Open
			w.want.TTL += time.Second // all records change: many batches
			w.want.Regions[1].Path += "y"
			if !w.killAt(t, at, after) {
				break
			}
			kills++
			if answering(w.holds(t)) == "" {
				t.Fatalf("killed at change %d: the service stands for no region", at)
			}
			if r := w.apply(t); r.Changes+r.Made+r.Dropped == 0 && !after {
				t.Errorf("killed before change %d, and nothing was left to do", at)
			}
		}
	}
	if kills < 12 {
		t.Errorf("only %d kills", kills)
	}
	have, checks := w.holds(t), 0
	if s, err := Plan(w.want, have, MostChanges); err != nil || !s.Done() {
		t.Errorf("%+v %v", s, err)
	}
	for _, c := range have.Checks {
		if strings.HasPrefix(c.Reference, w.want.reference()) {
			checks++
		}
	}
	if checks != len(w.want.Regions) {
		t.Errorf("%d health checks of %d regions are left by %d kills", checks, len(w.want.Regions), kills)
	}
}

// killAt kills an application at its n-th change; false: it ended before.
func (w *world) killAt(t *testing.T, n int, after bool) bool {
	t.Helper()
	text, err := json.Marshal(child{w.proxy.URL, w.id, 6, w.want})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	var says bytes.Buffer
	cmd.Stderr = &says
	var seen atomic.Int32
	kill := func(out http.ResponseWriter, in *http.Request) bool {
		if !mutates(in) || int(seen.Add(1)) != n {
			return false
		}
		if after {
			w.forward.ServeHTTP(httptest.NewRecorder(), in)
		}
		_ = cmd.Process.Kill()
		return true
	}
	w.interfere.Store(&kill)
	defer w.interfere.Store(nil)
	err = cmd.Run()
	if int(seen.Load()) < n {
		if err != nil {
			t.Fatalf("%v: %s", err, &says)
		}
		return false
	}
	if err == nil {
		t.Fatal("it was killed, and ended well")
	}
	return true
}
