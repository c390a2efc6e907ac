package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/accept"
	"github.com/greenlang/fournines/internal/api"
)

// Serve answers on the installation's address until ctx ends.
func (s *Server) Serve(ctx context.Context) error {
	listeners, err := s.listeners()
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(s.answer), ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() {
		<-ctx.Done()
		short, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if err := server.Shutdown(short); err != nil {
			_ = server.Close()
		}
	}()
	ended := make(chan error, len(listeners)+1)
	for _, l := range listeners {
		go func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				ended <- fmt.Errorf("serve API and console: %w", err)
				return
			}
			ended <- nil
		}()
	}
	if !s.Shared() {
		return await(len(listeners), ended, server)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		err := s.takePart(ctx)
		if err == nil {
			var ended <-chan error // never, where the quorum's etcd is another program
			if s.etcd != nil {
				ended = s.etcd.Err()
			}
			select {
			case <-s.quorum.Lost():
				err = s.quorum.Reason()
			case err = <-ended:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			err = nil
		}
		ended <- err
	}()
	return await(len(listeners)+1, ended, server)
}

// await waits until n have ended, or one has failed.
func await(n int, ended <-chan error, server *http.Server) error {
	for range n {
		if err := <-ended; err != nil {
			return errors.Join(err, server.Close())
		}
	}
	return nil
}

// answer answers as what this server is now.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	h := s.serving.Load()
	if h == nil {
		api.TooEarly(w, "the server "+s.house.Seat.Name+" is starting; ask again")
		return
	}
	(*h).ServeHTTP(w, r)
}

// listeners opens the address of people and, with network namespaces, those of nodes.
func (s *Server) listeners() ([]net.Listener, error) {
	addresses := []string{s.house.Layout.SeatListen(s.house.Seat)}
	if s.house.Layout.NetNS {
		_, port, _ := strings.Cut(s.house.Layout.Listen, ":")
		for _, name := range s.house.Layout.Regions {
			addresses = append(addresses, s.house.Layout.ServerIP(name, s.house.Seat)+":"+port)
		}
	}
	var out []net.Listener
	for _, a := range addresses {
		l, err := net.Listen("tcp", a)
		if err != nil {
			return nil, fmt.Errorf("open API and console: %w; if something else has the port, choose another with --listen", err)
		}
		out = append(out, accept.Told{Listener: l, Failed: s.house.Descriptors.Saw})
	}
	return out, nil
}
