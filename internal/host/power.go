package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/node"
)

// PowerOff asks for an engine to be dead and to stay so.
type PowerOff struct {
	Zone   string `json:"zone"` // REGION/ZONE
	Unit   string `json:"unit"`
	Epoch  string `json:"epoch"`
	Reason string `json:"reason"`
}

// Off is the proof: when the answer was written no process of the unit was left.
type Off struct {
	At     time.Time `json:"at"`
	Killed int       `json:"killed"`
}

// Socket returns the path of the switch for an installation.
func Socket(root string) string { return filepath.Join(root, "host.sock") }

// serveSwitch answers power-offs on the installation's socket until ctx ends.
func serveSwitch(ctx context.Context, root string, log *slog.Logger) error {
	path := Socket(root)
	_ = os.Remove(path) // of an earlier life; the installation's lock is ours
	l, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("open the host's switch: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/power-off", func(w http.ResponseWriter, r *http.Request) {
		var p PowerOff
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&p); err != nil {
			http.Error(w, "read power-off: "+err.Error(), http.StatusBadRequest)
			return
		}
		off, err := powerOff(r.Context(), root, p)
		if err != nil {
			log.Error("power-off failed", "zone", p.Zone, "unit", p.Unit, "err", err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		log.Warn("powered off", "zone", p.Zone, "unit", p.Unit, "reason", p.Reason, "killed", off.Killed)
		_ = json.NewEncoder(w).Encode(off) // a lost answer is asked for again
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = s.Close()
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the host's switch: %w", err)
	}
	return nil
}

func powerOff(ctx context.Context, root string, p PowerOff) (Off, error) {
	dir := filepath.Join(root, filepath.Clean("/"+p.Zone))
	if p.Unit == "" || strings.ContainsAny(p.Unit, "/.") {
		return Off{}, fmt.Errorf("power off: %q is no unit", p.Unit)
	}
	if _, err := os.Stat(dir); err != nil {
		return Off{}, fmt.Errorf("power off: no zone %q here: %w", p.Zone, err)
	}
	if err := node.WriteFence(dir, p.Unit, node.Fence{Epoch: p.Epoch, Reason: p.Reason}); err != nil {
		return Off{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	killed, err := process.KillUnit(ctx, node.Home(dir, p.Unit))
	return Off{At: time.Now(), Killed: killed}, err
}

// Switch is the client of an installation's switch.
type Switch struct{ client *http.Client }

// NewSwitch returns a client of the switch of the installation in root.
func NewSwitch(root string) Switch {
	return Switch{&http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", Socket(root))
	}}}}
}

// PowerOff returns when the unit is dead; with an error nothing is proved.
func (s Switch) PowerOff(ctx context.Context, p PowerOff) (Off, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return Off{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://host/v1/power-off", bytes.NewReader(b))
	if err != nil {
		return Off{}, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return Off{}, fmt.Errorf("power off %s/%s: %w", p.Zone, p.Unit, err)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return Off{}, fmt.Errorf("power off %s/%s: %s", p.Zone, p.Unit, strings.TrimSpace(string(text)))
	}
	var off Off
	return off, json.NewDecoder(resp.Body).Decode(&off)
}
