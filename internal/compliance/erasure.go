package compliance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/seal"
)

// KindErase is the action that makes a person's data unreadable for good.
const KindErase = "person.erase"

// Keys is the store of persons' keys, as [seal.Directory] implements it.
type Keys interface {
	Get(pseudonym string) ([]byte, error)
	Destroy(pseudonym string, at time.Time) (time.Time, error)
}

// Records takes entries, and finds what was folded from them.
type Records interface {
	Append(ctx context.Context, entries ...journal.Entry) (uint64, error)
	Get(key string, v any) (bool, error)
}

// EraseArgs are the arguments of KindErase.
type EraseArgs struct {
	Person string `json:"person"` // pseudonym
}

// Erasures carries out the action.
type Erasures struct {
	Keys    Keys
	Records Records
	Now     func() time.Time
}

// Kinds returns the kinds of actions, for control.
func (x Erasures) Kinds() []control.Kind {
	return []control.Kind{{
		Name: KindErase, Guard: x.guard,
		Steps: []control.Step{
			{Name: "destroy", Timeout: time.Minute, Do: x.destroy},
			{Name: "record", Timeout: time.Minute, Do: x.record},
		},
	}}
}

// guard refuses to erase somebody twice: the answer says when it was done.
func (x Erasures) guard(_ context.Context, a control.Action) error {
	var args EraseArgs
	if err := (&control.Run{Action: a}).Decode(&args); err != nil {
		return err
	}
	if a.Reason == "" {
		return errors.New("an erasure needs a reason, such as the number of the person's request")
	}
	var e Erasure
	if known, err := x.Records.Get(ErasedPrefix+args.Person, &e); err != nil || !known {
		return err
	}
	return fmt.Errorf("that person was erased already, on %s by entry %d", e.At.UTC().Format(time.RFC3339), e.Entry)
}

// destroy destroys the key, and looks whether it is gone. It is harmless when repeated:
// the first time stays.
func (x Erasures) destroy(_ context.Context, r *control.Run) (any, error) {
	var args EraseArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	at, err := x.Keys.Destroy(args.Person, x.Now().UTC())
	if err != nil {
		return nil, err
	}
	key, err := x.Keys.Get(args.Person)
	clear(key)
	if !errors.Is(err, seal.ErrErased) {
		return nil, fmt.Errorf("the key of %s was destroyed and is still found (%w)", args.Person, err)
	}
	return Erased{Person: args.Person, At: at}, nil
}

// record says that it is done, once.
func (x Erasures) record(ctx context.Context, r *control.Run) (any, error) {
	var done Erased
	if ok, err := r.Result("destroy", &done); err != nil || !ok {
		return nil, fmt.Errorf("step destroy has left no result (%w)", err)
	}
	if known, err := x.Records.Get(ErasedPrefix+done.Person, &Erasure{}); err != nil || known {
		return nil, err
	}
	e, err := PersonErased.Entry(done.Person, r.Key, done)
	if err != nil {
		return nil, err
	}
	e.Actor, e.Reason = r.Actor, journal.Brief(r.Reason)
	_, err = x.Records.Append(ctx, e)
	return nil, err
}

// Again destroys keys that were erased before and are there all the same: a backup of the
// key directory was restored. It returns their pseudonyms. Call it before anything is
// opened.
func Again(keys Keys, erased []Erasure) (found []string, err error) {
	for _, e := range erased {
		key, err := keys.Get(e.Person)
		clear(key)
		if errors.Is(err, seal.ErrErased) {
			continue
		}
		// Also where there is no key: nothing may be sealed for that person again.
		if _, err := keys.Destroy(e.Person, e.At); err != nil {
			return found, fmt.Errorf("erase %s again after entry %d: %w", e.Person, e.Entry, err)
		}
		found = append(found, e.Person)
	}
	return found, nil
}
