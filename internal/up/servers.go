package up

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/seal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

// usualServers is how many servers an installation has that nobody says it of: as many as
// before, or else one for each of three active regions, or else one.
func usualServers(root string, p *spec.Platform, regions []string) int {
	if before, _, err := place.LoadInstallation(root); err == nil && before.Servers > 0 {
		return before.Servers
	}
	active := 0
	for _, name := range regions {
		if r, _ := p.Region(name); r.Role == spec.Active {
			active++
		}
	}
	if active >= 3 {
		return 3
	}
	return 1
}

// ShareKeys gives the servers of an installation the one key with which they sign their
// journal, and the one of its persons' pseudonyms: those of a journal that is here already,
// or new ones.
func (u *Up) ShareKeys() error {
	if u.Layout.Servers <= 1 {
		if place.Exists(filepath.Join(u.Layout.Root, place.FoundedFile)) {
			return &ShapeError{u.Layout.Root, []string{"it holds the journal of several servers, and one alone cannot decide: bring it up with --servers 3"}}
		}
		return nil
	}
	if u.Layout.Servers%2 == 0 {
		return fmt.Errorf("--servers is %d: take an odd number, because half of an even one decides nothing", u.Layout.Servers)
	}
	seats := u.Layout.Seats()
	if len(seats) < u.Layout.Servers {
		return fmt.Errorf("--servers is %d, and the %d regions here have room for %d: one in each, and one outside", u.Layout.Servers, len(u.Layout.Regions), len(seats))
	}
	if alone := filepath.Join(u.Layout.Root, place.Server, place.JournalDir); seats[0].Name != place.Server && place.Exists(alone) {
		return &ShapeError{u.Layout.Root, []string{"it holds the journal of a server outside of the regions, and with these regions the servers sit in them: keep --servers 1"}}
	}
	if u.Secrets.Journal == "" {
		key, err := journal.ReadKey(filepath.Join(u.Layout.SeatDir(seats[0]), place.JournalDir))
		if errors.Is(err, fs.ErrNotExist) {
			key, err = journal.NewKey()
		}
		if err != nil {
			return err
		}
		u.Secrets.Journal = key
	}
	if u.Secrets.Pseudonyms == "" {
		key, err := u.pseudonyms(seats)
		if err != nil {
			return err
		}
		u.Secrets.Pseudonyms = hex.EncodeToString(key)
	}
	return u.Secrets.Save(u.Layout.Root)
}

// pseudonyms returns the key of pseudonyms that a server has used, or a new one.
func (u *Up) pseudonyms(seats []place.Seat) ([]byte, error) {
	var found []byte
	for _, s := range seats {
		copies, err := seal.Copies(filepath.Join(u.Layout.SeatDir(s), place.PersonsDir))
		if err != nil {
			return nil, err
		}
		if key := copies[seal.PepperName]; key != nil && (found == nil || len(copies) > 1) {
			found = key
		}
	}
	if found == nil {
		found = seal.NewPepper()
	}
	return found, nil
}
