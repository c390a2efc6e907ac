package config

// Config is everything an edge serves.
type Config struct {
	// Version grows with every change; an edge refuses to go back.
	Version uint64        `json:"version"`
	Region  string        `json:"region"`
	HTTP    []HTTPService `json:"http,omitempty"`
	TCP     []TCPService  `json:"tcp,omitempty"`
	// Cells is the number of customer cells for the counters; 0 counts all
	// requests as cell -1.
	Cells int `json:"cells,omitempty"`
	// CustomerHeader names the header from whose value the cell is computed;
	// empty means X-Customer.
	CustomerHeader string `json:"customerHeader,omitempty"`
	// DNS is the edge's name server; nil: it has none.
	DNS *DNS `json:"dns,omitempty"`
	// TLS are the certificates of the services that listen for HTTPS; nil: none does.
	TLS *TLS `json:"tls,omitempty"`
	// BeyondLoopback says that services may listen on other than loopback addresses.
	BeyondLoopback bool `json:"beyondLoopback,omitempty"`
}

// HTTPService is one address that balances requests over targets.
type HTTPService struct {
	Name    string     `json:"name"`
	Listen  string     `json:"listen"` // "127.1.0.1:8080": HTTP/1.1, and HTTP/2 by prior knowledge
	Targets []Target   `json:"targets"`
	Policy  HTTPPolicy `json:"policy,omitzero"`
	// HealthPath is what name servers and health checkers of clouds ask through the edge
	// ("/readyz"), and probers by GET and PUT of paths below it: it is answered like any
	// request, and counted as no customer's; empty: none.
	HealthPath string `json:"healthPath,omitempty"`
	// Cells are those whose customers this service takes. Services may share an
	// address when each takes cells of its own; at most one names none and takes the rest.
	Cells []int `json:"cells,omitempty"`
	// ListenTLS is where the same is served by HTTPS, with HTTP/2 by ALPN:
	// "127.1.0.1:8443"; empty: nowhere. HTTP is not redirected to it.
	ListenTLS string `json:"listenTLS,omitempty"`
	// Remote is the region whose edge is the target; empty: this region's own service.
	Remote string `json:"remote,omitempty"`
}

// Target is one process that serves requests.
type Target struct {
	Name    string `json:"name"`
	Zone    string `json:"zone,omitempty"`
	Address string `json:"address"` // "127.1.1.20:8080"
	// HealthPath is asked by GET and must answer 200-399 within the probe
	// timeout; empty means that an accepted connection is enough.
	HealthPath string `json:"healthPath,omitempty"`
	// Drain stops new requests; those under way finish.
	Drain  bool `json:"drain,omitempty"`
	Weight int  `json:"weight,omitempty"` // share relative to the others; 0 means 1
}

// TCPService is one address that follows the leader of a replicated store.
type TCPService struct {
	Name     string    `json:"name"`
	Listen   string    `json:"listen"`   // "127.1.0.1:5432"
	Protocol Protocol  `json:"protocol"` // "postgres" or "redis"
	Members  []Member  `json:"members"`
	Policy   TCPPolicy `json:"policy,omitzero"`
	// Master is the name under which the Sentinels know a redis service.
	Master string `json:"master,omitempty"`
	// PasswordFile holds the password of the redis nodes and their Sentinels,
	// so that it is in no configuration; empty means that they ask for none.
	PasswordFile string `json:"passwordFile,omitempty"`
}

// Protocol is what a TCP service speaks.
type Protocol string

// The protocols whose leader an edge can follow.
const (
	Postgres Protocol = "postgres"
	Redis    Protocol = "redis"
)

// Member is one member of a replicated store.
type Member struct {
	Name    string `json:"name"`
	Zone    string `json:"zone,omitempty"`
	Address string `json:"address"` // where clients are sent to
	// Witness is asked who leads: for postgres the Patroni REST address of
	// this member ("127.1.1.10:8008"), for redis the address of the Sentinel
	// beside it ("127.1.1.11:26379").
	Witness string `json:"witness"`
}
