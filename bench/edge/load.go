package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"time"
)

const question = "GET /v1/agents?limit=10 HTTP/1.1\r\nHost: api.example\r\nUser-Agent: bench\r\nAccept: application/json\r\nX-Customer: customer-00042\r\n\r\n"

// load sends requests over connections that each wait for their answer, and
// returns the latency of every request.
func load(address string, clients, requests int) ([]time.Duration, error) {
	type result struct {
		took []time.Duration
		err  error
	}
	results := make(chan result, clients)
	for i := range clients {
		share := requests / clients
		if i < requests%clients {
			share++
		}
		go func() {
			took, err := client(address, share)
			results <- result{took, err}
		}()
	}
	var all []time.Duration
	var errs []error
	for range clients {
		r := <-results
		all = append(all, r.took...)
		errs = append(errs, r.err)
	}
	slices.Sort(all)
	return all, errors.Join(errs...)
}

func client(address string, requests int) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	took := make([]time.Duration, 0, requests)
	for range requests {
		began := time.Now()
		if _, err := io.WriteString(conn, question); err != nil {
			return took, err
		}
		if err := readAnswer(r); err != nil {
			return took, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// readAnswer insists on status 200 and a length, and reads the whole body.
func readAnswer(r *bufio.Reader) error {
	length, first := -1, true
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return fmt.Errorf("read answer: got %q", line)
		}
		first = false
		if len(line) == 2 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length != 1024 {
		return fmt.Errorf("read answer: length %d, want 1024", length)
	}
	_, err := r.Discard(length)
	return err
}
