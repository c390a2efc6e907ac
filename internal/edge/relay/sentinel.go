package relay

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/greenlang/fournines/internal/edge/resp"
)

// sentinel asks one Redis node for its role and the Sentinel beside it for the
// master it knows.
type sentinel struct {
	node, witness, master string
	passwordFile          string
}

// ask implements asker. The two are asked side by side: a hung node must not
// cost its Sentinel's vote.
func (s *sentinel) ask(ctx context.Context) answer {
	password, err := s.password()
	if err != nil {
		return answer{err: err, voteErr: err}
	}
	var a answer
	var voted sync.WaitGroup
	voted.Go(func() { a.vote, a.voteErr = askSentinel(ctx, s.witness, s.master, password) })
	a.leads, a.err = askRole(ctx, s.node, password)
	voted.Wait()
	return a
}

func (s *sentinel) close() {}

// password is read each time, so that a rotated one is taken up by itself.
func (s *sentinel) password() (string, error) {
	if s.passwordFile == "" {
		return "", nil
	}
	b, err := os.ReadFile(s.passwordFile)
	if err != nil {
		return "", fmt.Errorf("read redis password: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

func askRole(ctx context.Context, node, password string) (bool, error) {
	replies, err := exchange(ctx, node, password, resp.Command("ROLE"))
	if err != nil {
		return false, fmt.Errorf("ask redis %s for its role: %w", node, err)
	}
	if len(replies[0].List) == 0 {
		return false, fmt.Errorf("ask redis %s for its role: %w", node, refusal("no role"))
	}
	return replies[0].List[0].Text == "master", nil
}

func askSentinel(ctx context.Context, witness, master, password string) (vote, error) {
	replies, err := exchange(ctx, witness, password,
		resp.Command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", master),
		resp.Command("SENTINEL", "MASTER", master))
	if err != nil {
		return vote{}, fmt.Errorf("ask sentinel %s for %s: %w", witness, master, err)
	}
	v, err := parseVote(replies[0], replies[1])
	if err != nil {
		return vote{}, fmt.Errorf("ask sentinel %s for %s: %w", witness, master, err)
	}
	return v, nil
}

// parseVote reads the address from the first reply and the configuration epoch
// from the second, a flat list of names and values.
func parseVote(address, master resp.Value) (vote, error) {
	if len(address.List) != 2 {
		return vote{}, refusal("it names no master")
	}
	v := vote{address: net.JoinHostPort(address.List[0].Text, address.List[1].Text)}
	for i := 0; i+1 < len(master.List); i += 2 {
		if master.List[i].Text != "config-epoch" {
			continue
		}
		epoch, err := strconv.ParseUint(master.List[i+1].Text, 10, 64)
		if err != nil {
			return vote{}, fmt.Errorf("config-epoch: %w", err)
		}
		v.epoch = epoch
		return v, nil
	}
	return vote{}, errors.New("its answer has no config-epoch")
}

// exchange sends commands over a new connection, after the password where there is
// one, and reads their replies. A server that answers one with an error is a [refusal].
func exchange(ctx context.Context, address, password string, commands ...[]byte) ([]resp.Value, error) {
	if password != "" {
		commands = append([][]byte{resp.Command("AUTH", password)}, commands...)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	// One that has too many clients says so and closes, perhaps before we write.
	_, sent := conn.Write(slices.Concat(commands...))
	r := bufio.NewReader(conn)
	replies := make([]resp.Value, len(commands))
	for i := range replies {
		if replies[i], err = resp.Read(r); err != nil {
			return nil, errors.Join(sent, err)
		}
		if text := replies[i].Error; text != "" {
			return nil, refusal(text)
		}
	}
	if password != "" {
		replies = replies[1:]
	}
	return replies, nil
}
