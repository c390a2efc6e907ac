package worker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// process is a running worker.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	said    *lastWords
	over    bool
	outcome string
}

func start(o Options) (*process, error) {
	if o.Program == "" {
		var err error
		if o.Program, err = Beside(); err != nil {
			return nil, err
		}
	}
	p := &process{cmd: exec.Command(o.Program, "-dir", o.Dir, "-memory", strconv.Itoa(o.Memory)), said: &lastWords{}} //nolint:gosec // our own program
	p.cmd.Stderr = p.said
	var err1, err2 error
	var out io.Reader
	p.in, err1 = p.cmd.StdinPipe()
	out, err2 = p.cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("start the query worker: %w", err)
	}
	p.out = bufio.NewReaderSize(out, 1<<16)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the query worker: %w", err)
	}
	return p, nil
}

// ask sends a question and reads the reply.
func (p *process) ask(a Ask) (Reply, error) {
	b, err := json.Marshal(a)
	if err != nil {
		return Reply{}, err
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		return Reply{}, err
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return Reply{}, err
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var r Reply
	err = d.Decode(&r)
	return r, err
}

// end closes the worker's input, on which it ends, or kills it, and waits for its end. It
// returns how that came about. It may be called twice.
func (p *process) end(kill bool) string {
	if p.over {
		return p.outcome
	}
	p.over = true
	_ = p.in.Close()
	if kill {
		_ = p.cmd.Process.Kill()
	}
	err := p.cmd.Wait()
	p.outcome = p.cmd.ProcessState.String()
	if words := p.said.String(); err != nil && words != "" {
		p.outcome += ": " + words
	}
	return p.outcome
}

// lastWords keeps the end of what a process says.
type lastWords struct{ b []byte }

const mostWords = 2 << 10

func (w *lastWords) Write(b []byte) (int, error) {
	w.b = append(w.b, b...)
	w.b = w.b[max(0, len(w.b)-mostWords):]
	return len(b), nil
}

func (w *lastWords) String() string { return strings.TrimSpace(strings.ToValidUTF8(string(w.b), "?")) }
