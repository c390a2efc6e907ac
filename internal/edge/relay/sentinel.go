package relay

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/greenlang/fournines/internal/edge/resp"
)

// sentinel asks one Redis node for its role and the Sentinel beside it for the
// master it knows.
type sentinel struct {
	node, witness, master string
}

// ask implements asker. The two are asked side by side: a hung node must not
// cost its Sentinel's vote.
func (s *sentinel) ask(ctx context.Context) answer {
	votes := make(chan vote, 1)
	go func() {
		v, err := askSentinel(ctx, s.witness, s.master)
		if err != nil {
			v = vote{} // no vote; the others decide
		}
		votes <- v
	}()
	leads, err := askRole(ctx, s.node)
	return answer{err: err, leads: leads, vote: <-votes}
}

func (s *sentinel) close() {}

func askRole(ctx context.Context, node string) (bool, error) {
	replies, err := exchange(ctx, node, resp.Command("ROLE"))
	if err != nil {
		return false, fmt.Errorf("ask redis %s for its role: %w", node, err)
	}
	if len(replies[0].List) == 0 {
		return false, fmt.Errorf("ask redis %s for its role: %q is no role", node, replies[0].Error)
	}
	return replies[0].List[0].Text == "master", nil
}

func askSentinel(ctx context.Context, witness, master string) (vote, error) {
	replies, err := exchange(ctx, witness,
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
		return vote{}, fmt.Errorf("it names no master: %s", address.Error)
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
	return vote{}, errors.New("there is no config-epoch in its answer")
}

// exchange sends commands over a new connection and reads their replies.
func exchange(ctx context.Context, address string, commands ...[]byte) ([]resp.Value, error) {
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
	for _, c := range commands {
		if _, err := conn.Write(c); err != nil {
			return nil, err
		}
	}
	r := bufio.NewReader(conn)
	replies := make([]resp.Value, len(commands))
	for i := range replies {
		if replies[i], err = resp.Read(r); err != nil {
			return nil, err
		}
	}
	return replies, nil
}
