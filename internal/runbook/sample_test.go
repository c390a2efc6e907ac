package runbook

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
)

// noon is when the samples are judged.
var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// sampleActions are what the tests' runbooks may ask for.
func sampleActions(look func(name string) (any, error)) Catalog {
	make := func(kind string) func(context.Context, Ask) (control.Action, error) {
		return func(_ context.Context, a Ask) (control.Action, error) {
			if a.Values["disk"] == "missing" {
				return control.Action{}, errors.New("there is no disk \"missing\"")
			}
			return a.NewAction(kind, "disk/"+a.Values["disk"], a.Values)
		}
	}
	disk := Arg{Name: "disk", Type: Text, Does: "the disk"}
	return Catalog{
		{Name: "disk.grow", Does: "Grows a disk.", Args: []Arg{disk, {Name: "size", Type: Number, Does: "in GiB", Optional: true}}, Least: 10 * time.Second, Command: "grow {disk} [--size {size}]", Make: make("disk.grow")},
		{Name: "disk.wipe", Does: "Wipes a disk.", Args: []Arg{disk}, Reaches: true, Destroys: true, Command: "wipe {disk}", Make: make("disk.wipe")},
		{Name: "disk.look", Does: "Looks at a disk.", Args: []Arg{disk}, Look: func(context.Context, map[string]string) (any, error) { return look("disk.look") }},
	}
}

func sampleContacts(t *testing.T) *Contacts {
	t.Helper()
	b, err := os.ReadFile("testdata/contacts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := ReadContacts("contacts.yaml", b, noon)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sampleAround(t *testing.T) Around {
	t.Helper()
	return Around{Actions: sampleActions(func(string) (any, error) { return nil, nil }), Contacts: sampleContacts(t), Now: noon}
}
