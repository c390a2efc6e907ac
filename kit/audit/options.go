package audit

import (
	"log/slog"
	"net/http"
	"time"
)

// Options say where events go. URL, Token and Dir are required.
type Options struct {
	URL      string       // of the server, such as http://127.0.0.1:9999; of several, separated by commas
	Token    string       // of the application: the journal names it by this
	Dir      string       // of the spool; this process alone has it
	MaxBytes int64        // of the spool; 0: 64 MiB
	Wait     bool         // a full spool makes Record wait for room, until its context ends
	HTTP     *http.Client // nil: one with a deadline of 30 s for each request
	Log      *slog.Logger // hears of damage, refusals and a server that is away; nil: nobody
}

const (
	defaultMaxBytes = 64 << 20
	requestDeadline = 30 * time.Second
)
