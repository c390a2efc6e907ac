package alerts

import (
	"fmt"

	"github.com/greenlang/fournines/internal/driver/notify"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/spec"
)

// notifier is one notifier with what it is told of.
type notifier struct {
	spec.Notifier
	to   notify.Notifier
	news chan struct{}
}

// newNotifiers makes the notifiers that the platform file names.
func newNotifiers(list []spec.Notifier) ([]*notifier, error) {
	out := make([]*notifier, 0, len(list))
	for _, n := range list {
		to, err := newNotifier(n)
		if err != nil {
			return nil, fmt.Errorf("notifier %s of the platform file: %w", n.Name, err)
		}
		out = append(out, &notifier{n, to, make(chan struct{}, 1)})
	}
	return out, nil
}

func newNotifier(n spec.Notifier) (notify.Notifier, error) {
	secret, err := notify.ReadSecret(n.SecretFile)
	if err != nil {
		return nil, err
	}
	switch n.Kind {
	case spec.PagerDuty:
		address := n.URL
		if address == "" {
			address = notify.PagerDutyAddress
		}
		return notify.NewPagerDuty(secret, address, notify.Delivery{})
	case spec.Slack:
		return notify.NewSlack(secret, notify.Delivery{})
	}
	return notify.NewWebhook(n.Name, notify.NewSecret(n.URL), secret, notify.Delivery{})
}

// wants tells whether the notifier is told of an alert; one that was resolved before it
// could be told is none.
func (t *notifier) wants(a evidence.Alert) bool {
	least := t.Least
	if least == "" {
		least = evidence.Warning
	}
	return (t.Practice || !a.Practice) && evidence.Rank(a.Severity) >= evidence.Rank(least)
}
