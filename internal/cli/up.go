package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/up"
	"github.com/greenlang/fournines/internal/wait"
)

// lean is the most regions that `up` brings up with all of their zones, unless it is told.
const lean = 2

// detachedEnv marks the `up` that works in the background.
const detachedEnv = "FOURNINES_UP_DETACHED"

func (w world) upCommand() *cobra.Command {
	var o up.UpOptions
	var detach bool
	c := &cobra.Command{
		Use: "up", Short: "Bring the platform up on this machine", Args: cobra.NoArgs,
		Long:    "Bring the platform up on this machine, one active region and its partner by default: real engines on loopback addresses,\n127.REGION.ZONE.HOST with the engines' standard ports. Ctrl-C stops everything.",
		Example: "  fournines up\n  fournines up --detach && fournines status\n  fournines up --regions all",
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := spec.Open(o.Platform)
			if err != nil {
				return verb.Exit(verb.Misused, err)
			}
			if len(o.Regions) == 0 {
				return verb.Exitf(verb.Misused, "--regions names no region: leave it out for the first region and its partner")
			}
			if o.Servers < 0 {
				return verb.Exitf(verb.Misused, "--servers is %d: take 1, or an odd number", o.Servers)
			}
			if !slices.Equal(o.Regions, []string{"all"}) {
				if err := known(d.Platform, o.Regions); err != nil {
					return err
				}
			}
			if o.Root, err = filepath.Abs(w.Data); err != nil {
				return err
			}
			if c.Flags().Changed("elsewhere") && o.Elsewhere == nil {
				o.Elsewhere = []string{}
			}
			if !c.Flags().Changed("lean") {
				o.Lean = len(o.Regions) > lean || slices.Contains(o.Regions, "all")
			}
			if detach && os.Getenv(detachedEnv) == "" {
				return w.detach(c.Context(), o)
			}
			return w.up(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.Platform, "file", "f", "", "platform file; GreenLang's own by default")
	f.StringSliceVar(&o.Regions, "regions", []string{"us-east-1", "us-west-2"}, "regions to run here, or all")
	f.BoolVar(&o.Lean, "lean", false, "one zone in each region but the first and its partner; the default for more than two regions")
	f.StringVar(&o.Listen, "listen", place.ConsoleURL, "address of API and console")
	f.StringVar(&o.DNS, "dns", place.DNSAddress, "address of the name server that the regions' edges share")
	f.IntVar(&o.Servers, "servers", 0, "servers of the control plane: 1, or an odd number that decides together and outlives the loss of any one;\nby default as before in this data directory, else 3 for three active regions or more, else 1")
	f.StringSliceVar(&o.Elsewhere, "elsewhere", nil, "servers of --servers that run on machines of their own, such as us-west-2/server; see fournines servers invite;\nby default as before in this data directory, '' for none")
	f.StringVar(&o.Gate, "gate", "", "address of this machine, HOST:PORT, where the servers of --elsewhere join")
	f.BoolVar(&detach, "detach", false, "go to the background once everything is ready")
	f.BoolVar(&o.NetNS, "netns", false, "each zone in a network namespace of its own, for partitions and delay (needs root)")
	return c
}

func (w world) up(ctx context.Context, o up.UpOptions) error {
	log, err := os.OpenFile(filepath.Join(mkdir(o.Root), "up.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer log.Close() //nolint:errcheck // written line by line
	o.Log = slog.New(slog.NewJSONHandler(log, nil))
	u, err := up.PrepareUp(ctx, o)
	if shape, ok := errors.AsType[*up.ShapeError](err); ok {
		return verb.Exit(verb.Misused, shape)
	}
	if err != nil {
		return err
	}
	shown := make(chan error, 1)
	watching, cancel := context.WithCancel(ctx)
	go func() {
		err := w.showStart(watching, u.Layout.ServerListens(), u.Secrets.Token)
		idle, stuck := errors.AsType[*idleError](err)
		switch {
		case err == nil:
			w.welcome(u.Installation, u.Secrets.Token, o.Root)
		case stuck && idle.serves:
			w.Note("\n%v\nCustomers are served, so it goes on: fournines status", idle)
		case stuck:
			shown <- fmt.Errorf("the platform does not come up and is stopped: %w", idle)
			cancel()
		}
		close(shown)
	}()
	err = u.Run(watching)
	cancel()
	err = errors.Join(<-shown, err)
	w.Note("stopped")
	return err
}

func mkdir(dir string) string {
	_ = os.MkdirAll(dir, 0o755) //nolint:gosec // opening the log tells of any trouble
	return dir
}

func (w world) welcome(i place.Installation, token, root string) {
	w.Note("\nThe platform is up and ready.")
	w.Note("  console   http://%s   token %s", i.Listen, token)
	w.Note("  token     also in %s", filepath.Join(root, place.TokenFile))
	if host, port, ok := strings.Cut(i.DNS, ":"); ok {
		w.Note("  names     dig @%s -p %s %s", host, port, place.APIName)
	}
	w.Note("  https     port %d of the same names; curl --cacert %s", place.HTTPSPort, up.Authority(root))
	w.Note("  next      fournines drill zone-loss, fournines drill region-loss")
}

// detach starts `up` again in a session of its own, and returns when it is ready.
func (w world) detach(ctx context.Context, o up.UpOptions) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(mkdir(o.Root), "up.out"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open output: %w", err)
	}
	defer out.Close() //nolint:errcheck // the child has its own descriptor
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), detachedEnv+"=1")
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start in the background: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ready := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		token, servers, err := awaitLaidDown(ctx, o.Root, cmd.Process.Pid)
		if err == nil {
			err = w.showStart(ctx, servers, token)
		}
		if err == nil {
			w.welcome(place.Installation{Listen: o.Listen, DNS: o.DNS}, token, o.Root)
		}
		ready <- err
	}()
	select {
	case err := <-ready:
		if ctx.Err() != nil {
			_ = cmd.Process.Signal(syscall.SIGTERM)
		}
		return err
	case <-ended: //nolint:errcheck // its last words say why
		b, rerr := os.ReadFile(out.Name())
		_, werr := w.Err.Write(b)
		return verb.Exit(max(cmd.ProcessState.ExitCode(), verb.Failed), errors.Join(errors.New("the platform did not come up; the lines above say why"), rerr, werr))
	}
}

// awaitLaidDown waits until the `up` of that process has laid the installation down, and
// returns its token and where its servers will answer.
func awaitLaidDown(ctx context.Context, root string, pid int) (token string, servers []string, err error) {
	for !up.LaidDown(root, pid) {
		wait.Sleep(ctx, 100*time.Millisecond)
		if ctx.Err() != nil {
			return "", nil, ctx.Err()
		}
	}
	s, err1 := place.LoadSecrets(root)
	_, layout, err2 := place.LoadInstallation(root)
	return s.Token, layout.ServerListens(), errors.Join(err1, err2)
}

// showStart shows how the regions come up, until everything is healthy and ready, or nothing
// gets further.
func (w world) showStart(ctx context.Context, servers []string, token string) error {
	client := client.NewClient(token, servers...)
	t := verb.NewTree(w.Err)
	begun, far := time.Now(), advance{}
	for {
		var s api.Status
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := client.Call(short, http.MethodGet, "/v1/status", "", nil, &s)
		cancel()
		lines := startLines(s, err, time.Since(begun))
		t.Draw(lines)
		if err == nil && len(waits(s, nil)) == 0 {
			return nil
		}
		if idle := far.look(s, err, lines, time.Now()); idle != nil {
			return idle
		}
		wait.Sleep(ctx, 250*time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (w world) downCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{Use: "down", Short: "Stop everything that `up` started", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		_, layout, err := place.LoadInstallation(w.Data)
		if err != nil {
			if errors.Is(err, os.ErrNotExist) {
				w.Note("nothing runs from %s", w.Data)
				return nil
			}
			return err
		}
		name := layout.Platform.Metadata.Name
		if err := w.Confirm(fmt.Sprintf("stop the platform %s in %s: its customers are served no more", name, w.Data), name, yes); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(c.Context(), 90*time.Second)
		defer cancel()
		if err := up.Down(ctx, w.Data); err != nil {
			return err
		}
		w.Note("stopped")
		return nil
	}}
	verb.Yes(c, &yes)
	return c
}
