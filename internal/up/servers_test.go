package up

import (
	"bytes"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/journal/seal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
)

func TestTooFewOrEvenServersAreRefused(t *testing.T) {
	t.Parallel()
	for servers, want := range map[int]string{2: "take an odd number", 5: "have room for 3"} {
		u := &Up{Layout: placetest.Layout(t)}
		u.Layout.Root, u.Layout.Regions, u.Layout.Servers = t.TempDir(), []string{"us-east-1", "us-west-2"}, servers
		if err := u.ShareKeys(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d servers: %v", servers, err)
		}
	}
}

// An installation that had one server, or several that agreed by themselves, keeps the key of
// pseudonyms by which it has sealed, and not one that nothing depends on.
func TestServersShareTheKeyOfPseudonymsThatWasUsed(t *testing.T) {
	t.Parallel()
	used, idle := seal.NewPepper(), seal.NewPepper()
	for _, c := range []struct {
		name          string
		first, second []byte
		sealed        int // server that has keys of persons
		want          []byte
	}{
		{"one server", used, nil, 0, used},
		{"the second has sealed", idle, used, 1, used},
		{"the first has sealed", used, idle, 0, used},
		{"nobody has sealed", idle, nil, -1, idle},
		{"nobody was here", nil, nil, -1, nil},
	} {
		u := &Up{Layout: placetest.Layout(t)}
		u.Layout.Root, u.Layout.Regions, u.Layout.Servers = t.TempDir(), []string{"us-east-1", "us-west-2"}, 3
		for i, key := range [][]byte{c.first, c.second} {
			dir := filepath.Join(u.Layout.SeatDir(u.Layout.Seats()[i]), place.PersonsDir)
			if key == nil {
				continue
			}
			if err := seal.Keep(dir, seal.PepperName, key); err != nil {
				t.Fatal(err)
			}
			if i != c.sealed {
				continue
			}
			d, err := seal.OpenDirectory(dir, filepath.Join(u.Layout.Root, place.PersonsMaster))
			if err != nil {
				t.Fatal(err)
			}
			if _, err = d.Create(strings.Repeat("a", 32)); errors.Join(err, d.Close()) != nil {
				t.Fatal(err)
			}
		}
		if err := u.ShareKeys(); err != nil {
			t.Fatal(err)
		}
		got, err := hex.DecodeString(u.Secrets.Pseudonyms)
		if err != nil || len(got) != len(used) || (c.want != nil && !bytes.Equal(got, c.want)) {
			t.Errorf("%s: %x (%v), want %x", c.name, got, err, c.want)
		}
	}
}
