// Package notify tells people: PagerDuty (Events API v2), Slack (incoming webhooks) and
// any other receiver (signed webhooks). One [Alert] goes in; each driver renders it within
// the limits that its service publishes, and cuts visibly what does not fit.
//
// Every driver tries again on 429, on 5xx and when the network fails, waiting as long as
// Retry-After says, and gives up on everything else at once. Secrets come from files of
// mode 0600 and stand in no error: a Slack URL is itself a secret.
//
// Who sends remembers what was sent. PagerDuty deduplicates by key as well, and receivers
// of webhooks can, by webhook-id: an alert twice is better than none.
//
// # Signed webhooks
//
// A webhook is a POST of JSON as https://www.standardwebhooks.com describes it:
//
//	webhook-id: msg_…          the same for every try of one key, state and time
//	webhook-timestamp: 1764000000   seconds, of this try
//	webhook-signature: v1,BASE64    HMAC-SHA256 over "ID.TIMESTAMP.BODY"
//
//	{"type":"alert.firing","timestamp":…,"data":{"key":…,"severity":…,"title":…,…}}
//
// The secret is written whsec_BASE64 and holds 24 to 64 bytes. A receiver refuses a
// timestamp more than five minutes away, compares in constant time, and takes an id it has
// seen as a repeat. Any 2xx means received.
package notify
