package command_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/driver/s3/gateway/command"
)

func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := filepath.Join(dir, "open")
	if err := os.WriteFile(open, []byte("aws_access_key_id = a\naws_secret_access_key = b\n"), 0o644); err != nil { //nolint:gosec // that is the fault
		t.Fatal(err)
	}
	good := filepath.Join(dir, "good")
	if err := os.WriteFile(good, []byte("aws_access_key_id = a\naws_secret_access_key = b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(dir, "store")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--help"}, 0, "--dir DIR"},
		{nil, 2, "--credentials-file are required"},
		{[]string{"--dir", store, "--listen", "127.0.0.1:1", "--credentials-file", good, "more"}, 2, `"more"`},
		{[]string{"--port", "1"}, 2, "-port"},
		{[]string{"--dir", store, "--listen", "127.0.0.1:1", "--credentials-file", filepath.Join(dir, "none")}, 1, "no such file"},
		{[]string{"--dir", store, "--listen", "127.0.0.1:1", "--credentials-file", open}, 1, "chmod 600"},
		{[]string{"--dir", store, "--listen", "9000", "--credentials-file", good}, 1, "HOST:PORT"},
	} {
		var out bytes.Buffer
		if code := command.Run(t.Context(), c.args, &out); code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("%v: exit %d and %q, want %d and %q", c.args, code, out.String(), c.code, c.says)
		}
	}
	if _, err := os.Stat(store); err == nil {
		t.Error("something was made for a command that was refused")
	}
}
