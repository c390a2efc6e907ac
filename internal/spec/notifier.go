package spec

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
)

// Notifier is one way to tell people of alerts (row 7.1.12).
type Notifier struct {
	Name       string `json:"name" yaml:"name"`
	Kind       string `json:"kind" yaml:"kind" jsonschema:"enum=pagerduty,enum=slack,enum=webhook"`
	SecretFile string `json:"secretFile" yaml:"secretFile" jsonschema_description:"file of mode 0600: PagerDuty's routing key, Slack's webhook address, or a webhook's whsec_ secret"`
	URL        string `json:"url,omitempty" yaml:"url,omitempty" jsonschema_description:"a webhook's receiver; for PagerDuty another service region's address"`
	Least      string `json:"least,omitempty" yaml:"least,omitempty" jsonschema:"enum=critical,enum=warning,enum=info" jsonschema_description:"least severity that it is told of; warning when absent"`
	Practice   bool   `json:"practice,omitempty" yaml:"practice,omitempty" jsonschema_description:"it is told of alerts during drills and injected faults as well"`
}

// The kinds of notifiers.
const (
	PagerDuty = "pagerduty"
	Slack     = "slack"
	Webhook   = "webhook"
)

func (v *validator) notify() {
	var names []string
	for i, n := range v.spec.Notify {
		path := fmt.Sprintf("spec.notify[%d]", i)
		v.label(path+".name", n.Name)
		if slices.Contains(names, n.Name) {
			v.fail(path+".name", "each notifier needs a name of its own", nil, "is %q, like another one's", n.Name)
		}
		names = append(names, n.Name)
		if !filepath.IsAbs(n.SecretFile) {
			v.fail(path+".secretFile", "write the whole path; the server does not run where you do", nil, "is %q", n.SecretFile)
		}
		u, err := url.Parse(n.URL)
		switch {
		case n.Kind == Slack && n.URL != "":
			v.fail(path+".url", "Slack's address is its secret: it stands in secretFile", nil, "is set")
		case n.Kind == Webhook && n.URL == "":
			v.fail(path+".url", "write the receiver's address", nil, "is missing")
		case n.URL != "" && (err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http")):
			v.fail(path+".url", "write it as https://HOST/PATH", nil, "is %q", n.URL)
		}
	}
}
