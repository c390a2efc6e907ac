package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/journal"
)

// actorKey carries who asks through a context.
type actorKey struct{}

func withActor(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

func actor(ctx context.Context) string {
	if a, ok := ctx.Value(actorKey{}).(string); ok {
		return a
	}
	return "unknown"
}

// traceKey carries the trace that a request belongs to.
type traceKey struct{}

// withTrace keeps the trace id of a traceparent header (https://www.w3.org/TR/trace-context/);
// one that is malformed counts as none, as that says.
func withTrace(ctx context.Context, traceparent string) context.Context {
	parts := strings.Split(traceparent, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || strings.Trim(parts[1], "0") == "" || strings.Trim(parts[1], "0123456789abcdef") != "" {
		return ctx
	}
	return context.WithValue(ctx, traceKey{}, parts[1])
}

func trace(ctx context.Context) string {
	id, _ := ctx.Value(traceKey{}).(string)
	return id
}

// idKey carries the id that the asker gave its request, so that a repeat is the same.
type idKey struct{}

func withID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, idKey{}, id)
}

func requestID(ctx context.Context, prefix string) string {
	if id, ok := ctx.Value(idKey{}).(string); ok {
		return id
	}
	return NewID(prefix)
}

// NewID returns an id that sorts by time.
func NewID(prefix string) string {
	b := make([]byte, 3)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return prefix + "-" + time.Now().UTC().Format("20060102-150405") + "-" + hex.EncodeToString(b)
}

// begin submits an action of a person and turns a refusal into the doors' error.
func (s *ServerApp) begin(ctx context.Context, key, kind, subject, reason string, args any) (control.Operation, error) {
	a, err := control.NewAction(key, kind, subject, args)
	if err != nil {
		return control.Operation{}, err
	}
	a.Actor, a.Reason, a.Trace = actor(ctx), reason, trace(ctx)
	return s.submitAsked(ctx, a)
}

// submitAsked submits an action that a person asked for.
func (s *ServerApp) submitAsked(ctx context.Context, a control.Action) (control.Operation, error) {
	o, err := s.Control.Submit(ctx, a)
	switch {
	case errors.Is(err, control.ErrBusy):
		return o, fmt.Errorf("%w: %w", api.ErrRefused, err)
	case err == nil && o.State == control.Refused:
		return o, fmt.Errorf("%w: %s", api.ErrRefused, o.Error)
	}
	return o, err
}

// InjectFault implements api.Actions.
func (s *ServerApp) InjectFault(ctx context.Context, kind, target string, d time.Duration, reason string) (string, error) {
	now := time.Now()
	id := requestID(ctx, "fault")
	f := chaos.Fault{ID: id, Kind: kind, Target: target, Reason: reason, Begun: now, Until: now.Add(d)}
	_, err := s.begin(ctx, id+"-inject", chaos.KindInject, id, reason, f)
	return id, err
}

// ClearFault implements api.Actions.
func (s *ServerApp) ClearFault(ctx context.Context, id string) error {
	var f chaos.Fault
	found, err := s.State.Get(chaos.Prefix+id, &f)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("no fault %q: %w", id, api.ErrNotFound)
	}
	if _, err := s.begin(ctx, id+"-clear", chaos.KindClear, id, "cleared by hand", f); err != nil {
		return err
	}
	// A node that the fault itself took down cannot be told; on this machine its lease can be ended here.
	l, err := s.leaseOf(f)
	if err != nil {
		return err
	}
	_, err = FaultKeeper(s.Layout.Root).Ensure(l, true)
	return err
}

// Switchover implements api.Actions.
func (s *ServerApp) Switchover(ctx context.Context, cluster, candidate, reason string) (string, error) {
	if _, err := s.region(cluster); err != nil {
		return "", fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	kind := availability.KindSwitchover
	if _, engine, _ := strings.Cut(cluster, "/"); engine == Redis {
		kind = availability.KindRedisSwitchover
	} else if engine != Postgres {
		return "", fmt.Errorf("%q is no cluster with a leader; write REGION/postgres or REGION/redis: %w", cluster, api.ErrNotFound)
	}
	o, err := s.begin(ctx, requestID(ctx, "switchover"), kind, cluster, reason, availability.SwitchoverArgs{Cluster: cluster, Candidate: candidate})
	return o.Key, err
}

// RestartKafka implements api.Actions.
func (s *ServerApp) RestartKafka(ctx context.Context, region, reason string) (string, error) {
	cluster := Cluster(region, Kafka)
	if _, err := s.region(cluster); err != nil {
		return "", fmt.Errorf("%w: %w", api.ErrNotFound, err)
	}
	if len(s.Layout.Brokers(region)) == 0 {
		return "", fmt.Errorf("%s runs no Kafka: the platform declares spec.engines.kafka.brokers: 0: %w", region, api.ErrNotFound)
	}
	o, err := s.begin(ctx, requestID(ctx, "kafka-restart"), availability.KindKafkaRestart, cluster, reason, availability.KafkaRestartArgs{Cluster: cluster})
	return o.Key, err
}

// Approve implements api.Actions.
func (s *ServerApp) Approve(ctx context.Context, id, reason string) error {
	_, err := s.Control.Approve(ctx, id, actor(ctx), reason)
	return decided(err)
}

// Deny implements api.Actions.
func (s *ServerApp) Deny(ctx context.Context, id, reason string) error {
	_, err := s.Control.Deny(ctx, id, actor(ctx), reason)
	return decided(err)
}

func decided(err error) error {
	switch {
	case errors.Is(err, control.ErrUnknown):
		return fmt.Errorf("%w: %w", api.ErrNotFound, err)
	case errors.Is(err, control.ErrState):
		return fmt.Errorf("%w: %w", api.ErrRefused, err)
	}
	return err
}

// DrillCatalogue implements api.Source.
func (s *ServerApp) DrillCatalogue(context.Context) ([]api.DrillInfo, error) {
	var out []api.DrillInfo
	for _, d := range Drills() {
		out = append(out, api.DrillInfo{
			Name: d.Name, Description: d.Description, Rows: d.Rows, BlastRadius: d.BlastRadius, Verifies: d.Verifies,
			Command: "fournines drill " + d.Name,
		})
	}
	return out, nil
}

// RunDrill implements api.Actions: it starts the command that a person would type, as
// a process of its own, so that our own end would not be the drill's.
func (s *ServerApp) RunDrill(ctx context.Context, name, reason string) (string, error) {
	if _, ok := drill.Find(Drills(), name); !ok {
		return "", fmt.Errorf("no drill %q: %w", name, api.ErrNotFound)
	}
	if s.Layout.elsewhere(s.seat) {
		return "", fmt.Errorf("%w: %s leads, on another machine than the platform; type `fournines drill %s` there", api.ErrRefused, s.seat.Name, name)
	}
	running, err := s.DrillReports(ctx)
	if err != nil {
		return "", err
	}
	for _, r := range running {
		if r.Verdict == drill.Running && time.Since(r.Begun) < 10*time.Minute {
			return "", fmt.Errorf("%w: drill %s runs since %s; one at a time", api.ErrRefused, r.ID, r.Begun.UTC().Format(time.TimeOnly))
		}
	}
	id := requestID(ctx, name)
	dir := filepath.Join(s.Layout.Root, "drills")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("run drill: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, id+".log"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("run drill: %w", err)
	}
	defer log.Close() //nolint:errcheck // the drill has its own descriptor
	cmd := exec.Command(s.Layout.Bin("fournines"), "drill", name, "--id", id, "--reason", reason, "--data", s.Layout.Root, "-o", "json")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + dir, "FOURNINES_ACTOR=" + actor(ctx)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("run drill: %w", err)
	}
	go cmd.Wait() //nolint:errcheck // its verdict comes through the API
	return id, nil
}

// RecordDrill implements api.Recorder.
func (s *ServerApp) RecordDrill(ctx context.Context, sequence int, r drill.Report) (drill.Report, error) {
	kind := drill.Moved
	if sequence == 0 {
		kind = drill.Begun
	} else if r.Verdict != drill.Running {
		kind = drill.Over
	}
	key := drill.EntryKey(r.ID, sequence)
	if known, err := s.State.Get(drill.EntryPrefix+key, &struct{}{}); err == nil && !known {
		e, err := kind.Entry(r.ID, key, r)
		if err != nil {
			return r, err
		}
		e.Actor, e.Reason = actor(ctx), journal.Brief(r.Reason)
		if _, err := s.State.Append(ctx, e); err != nil {
			return r, err
		}
	} else if err != nil {
		return r, err
	}
	return s.DrillReport(ctx, r.ID)
}
