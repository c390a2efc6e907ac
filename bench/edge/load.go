package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const path = "/v1/agents?limit=10"

const question = "GET " + path + " HTTP/1.1\r\nHost: api.example\r\nUser-Agent: bench\r\nAccept: application/json\r\nX-Customer: customer-00042\r\n\r\n"

// loader sends requests and returns the latency of each, sorted, where one client asks.
type loader interface {
	load(address string, w work) ([]time.Duration, error)
}

// own is the generator for machines without h2load: cheap for HTTP/1.1, net/http's client
// for HTTP/2.
type own struct{}

func (own) load(address string, w work) ([]time.Duration, error) {
	type result struct {
		took []time.Duration
		err  error
	}
	workers := w.clients * w.streams
	clients := make([]*http.Client, w.clients)
	for i := range clients {
		clients[i] = newClient(w.mode)
		defer clients[i].CloseIdleConnections()
	}
	results := make(chan result, workers)
	for i := range workers {
		share := w.requests / workers
		if i < w.requests%workers {
			share++
		}
		go func() {
			var r result
			if w.mode.two() {
				r.took, r.err = ask2(clients[i%w.clients], address, w, share)
			} else {
				r.took, r.err = ask1(address, w, share)
			}
			results <- r
		}()
	}
	var all []time.Duration
	var errs []error
	for range workers {
		r := <-results
		all = append(all, r.took...)
		errs = append(errs, r.err)
	}
	slices.Sort(all)
	return all, errors.Join(errs...)
}

func newClient(m mode) *http.Client {
	p := new(http.Protocols)
	p.SetHTTP2(m == tlsH2)
	p.SetUnencryptedHTTP2(m == h2c)
	return &http.Client{Transport: &http.Transport{Protocols: p, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // our own loopback
}

func ask2(client *http.Client, address string, w work, requests int) (took []time.Duration, err error) {
	scheme := "http"
	if w.mode.secure() {
		scheme = "https"
	}
	q, err := http.NewRequest(http.MethodGet, scheme+"://"+address+path, nil)
	if err != nil {
		return nil, err
	}
	if name, value, ok := strings.Cut(w.field, ": "); ok {
		q.Header.Set(name, value)
	}
	for range requests {
		began := time.Now()
		answer, err := client.Do(q)
		if err != nil {
			return took, err
		}
		n, err := io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if err != nil || n != 1024 || answer.StatusCode != 200 {
			return took, fmt.Errorf("read answer: status %d, %d bytes, %v", answer.StatusCode, n, err)
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

func ask1(address string, w work, requests int) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	if w.mode.secure() {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // our own loopback
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	asked := question
	if w.field != "" {
		asked = strings.TrimSuffix(question, "\r\n") + w.field + "\r\n\r\n"
	}
	took := make([]time.Duration, 0, requests)
	for range requests {
		began := time.Now()
		if _, err := io.WriteString(conn, asked); err != nil {
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
