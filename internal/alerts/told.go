package alerts

import (
	"errors"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// toldPrefix begins the keys of what notifiers were told last.
const toldPrefix = "told/" // + notifier + key of the alert

// foldTold keeps the last delivery of each alert that is kept.
func foldTold(d *state.Docs, r journal.Record) error {
	if r.Kind != evidence.Delivered.Name && r.Kind != evidence.Undelivered.Name {
		return nil
	}
	var v evidence.Delivery
	if err := r.Decode(&v); err != nil {
		return err
	}
	if err := d.Put(toldPrefix+v.Notifier+"/"+v.Key, v); err != nil {
		return err
	}
	for _, key := range d.Keys(toldPrefix) {
		var told evidence.Delivery
		if _, err := d.Get(key, &told); err != nil {
			return err
		}
		kept, err := d.Get(evidence.AlertPrefix+told.Key, &evidence.Alert{})
		if err != nil {
			return err
		}
		if !kept {
			d.Delete(key)
		}
	}
	return nil
}

// fold keeps the alerts, what notifiers were told, and what persons have seen to.
func fold(d *state.Docs, r journal.Record) error {
	return errors.Join(evidence.FoldAlerts(d, r), foldTold(d, r), evidence.FoldAcknowledged(d, r))
}
