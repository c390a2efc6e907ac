package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/edge/hop"
)

// What package hop buys is measured twice, on the same requests. The edge serves a request
// that says TE through net/http's proxy and client instead of hop, with the same decisions:
// so "edge-net" is the edge as it would be without hop. And one handler that does nothing
// but pass requests on is given either client: "hop" and "transport".
const (
	throughHop = "Xx: trailers" // as long as the other
	throughNet = "Te: trailers"
)

// serveBare passes requests on with one of the two clients.
func serveBare(ctx context.Context, client, upstream string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	pass := viaHop(hop.NewClient(upstream, time.Second, 4096))
	if client == "transport" {
		pass = viaTransport(&http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096, DisableCompression: true}, upstream)
	}
	server := &http.Server{Handler: pass, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	fmt.Println(l.Addr(), l.Addr())
	if err := server.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func viaHop(client *hop.Client) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		a, err := client.Do(r.Context(), &hop.Request{Method: r.Method, URI: r.RequestURI, Host: r.Host, Header: r.Header, ForwardedFor: "127.0.0.1", ForwardedHost: r.Host, ForwardedProto: "http"}, nil, now, now.Add(time.Minute))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		a.CopyHeader(w.Header())
		w.WriteHeader(a.Status())
		ready := a.Buffered()
		if int64(len(ready)) == a.Length() {
			a.Take(len(ready))
			_, _ = w.Write(ready)
		} else {
			_, _ = io.Copy(w, a)
		}
		a.Close(time.Now())
	}
}

func viaTransport(t *http.Transport, upstream string) http.HandlerFunc {
	rooms := sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
		defer cancel()
		q, err := http.NewRequestWithContext(ctx, r.Method, "http://"+upstream+r.RequestURI, nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		q.Host = r.Host
		for name, values := range r.Header {
			if !hop.OneHop(name) {
				q.Header[name] = values
			}
		}
		q.Header["X-Forwarded-For"], q.Header["X-Forwarded-Host"], q.Header["X-Forwarded-Proto"] = []string{"127.0.0.1"}, []string{r.Host}, []string{"http"}
		a, err := t.RoundTrip(q)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer a.Body.Close()
		for name, values := range a.Header {
			if !hop.OneHop(name) {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(a.StatusCode)
		room := rooms.Get().(*[]byte)
		defer rooms.Put(room)
		_, _ = io.CopyBuffer(struct{ io.Writer }{w}, a.Body, *room)
	}
}

// startHop starts the four that are compared.
func startHop(pem, upstream string) (proxies []*proxy, err error) {
	for _, x := range []struct{ name, role, field string }{
		{"edge", "edge", throughHop}, {"edge-net", "edge", throughNet}, {"hop", "hop", throughHop}, {"transport", "transport", throughHop},
	} {
		p, err := spawn(x.name, "-role", x.role, "-upstream", upstream, "-pem", pem)
		if err != nil {
			return proxies, err
		}
		p.field = x.field
		proxies = append(proxies, p)
	}
	return proxies, nil
}
