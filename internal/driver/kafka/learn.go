package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// learn runs the broker without its part as a controller until it has what the quorum had
// committed when it began, and ends it. Kafka's voters are in each configuration, so one that
// leaves itself out observes: it fetches the log, learns the epoch and its leader, and is never
// asked for its vote.
func (s Start) learn(ctx context.Context, others *Looker) error {
	if err := os.WriteFile(s.learning(), nil, 0o600); err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(s.Home, server))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.Home, learner), []byte(observing(string(b), s.Node)), 0o600); err != nil {
		return err
	}
	if err := s.format(ctx, learner); err != nil {
		return err
	}
	before, err := others.quorum(ctx)
	if err != nil {
		return err
	}
	argv := s.program("kafka.Kafka", filepath.Join(s.Home, learner))
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // the program that is about to be started
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.Home, s.Env, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it never outlives this process
	runtime.LockOSThread()                                             // which the kernel takes its thread for
	defer runtime.UnlockOSThread()
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(syscall.SIGTERM) }, endFor
	if err := cmd.Start(); err != nil {
		return err
	}
	running, end := context.WithCancelCause(ctx)
	go func() { end(fmt.Errorf("it ended: %w", errors.Join(cmd.Wait(), errEnded))) }()
	err = s.caughtUp(running, others, before)
	if err == nil {
		s.say("it has what the quorum has committed, and gets its vote")
		if err = os.Remove(s.learning()); err == nil {
			err = cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	if err != nil {
		_ = cmd.Process.Kill() // its error is what counts
	}
	<-running.Done() // it is killed where it does not end, see WaitDelay
	return err
}

var errEnded = errors.New("its process is gone")

// caughtUp waits until the leader of the quorum has been asked by this broker for all that was
// committed at first. A leader remembers how far the broker was before it lost its log, so that
// it must have asked since.
func (s Start) caughtUp(ctx context.Context, others *Looker, before kmsg.DescribeQuorumResponseTopicPartition) error {
	committed, epoch, asked := before.HighWatermark, before.LeaderEpoch, replica(before, s.Node).LastFetchTimestamp
	for {
		q, err := others.quorum(ctx)
		if err == nil && q.LeaderEpoch != epoch { // another leader begins with a record of its own, and remembers nothing
			committed, epoch, asked = q.HighWatermark, q.LeaderEpoch, -1
		}
		if r := replica(q, s.Node); err == nil && committed > 0 && r.LastFetchTimestamp > asked && r.LogEndOffset >= committed {
			return nil
		}
		if err == nil && committed <= 0 {
			committed = q.HighWatermark
		}
		if pause(ctx) != nil {
			return context.Cause(ctx)
		}
	}
}

// replica returns what the quorum's leader knows of a node; without an offset where that is nothing.
func replica(q kmsg.DescribeQuorumResponseTopicPartition, node int32) kmsg.DescribeQuorumResponseTopicPartitionReplicaState {
	for _, r := range slices.Concat(q.CurrentVoters, q.Observers) {
		if r.ReplicaID == node {
			return r
		}
	}
	return kmsg.DescribeQuorumResponseTopicPartitionReplicaState{LogEndOffset: -1, LastFetchTimestamp: -1}
}

// observing returns a broker's configuration without its part as a controller.
func observing(config string, node int32) string {
	var out strings.Builder
	without := func(list, prefix string) string {
		return strings.Join(slices.DeleteFunc(strings.Split(list, ","), func(s string) bool { return strings.HasPrefix(s, prefix) }), ",")
	}
	for line := range strings.Lines(config) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		switch key {
		case "process.roles":
			value = "broker"
		case "controller.quorum.voters":
			value = without(value, strconv.Itoa(int(node))+"@")
		case "listeners":
			value = without(value, "CONTROLLER:")
		}
		out.WriteString(key + "=" + value + "\n")
	}
	return out.String()
}
