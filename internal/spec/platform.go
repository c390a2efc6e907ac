package spec

// APIVersion and Kind head every platform file.
const (
	APIVersion = "fournines.dev/v1"
	Kind       = "Platform"
)

// Platform is the whole document.
type Platform struct {
	APIVersion string       `json:"apiVersion" yaml:"apiVersion" jsonschema:"enum=fournines.dev/v1" jsonschema_description:"version of the platform file's form"`
	Kind       string       `json:"kind" yaml:"kind" jsonschema:"enum=Platform"`
	Metadata   Metadata     `json:"metadata" yaml:"metadata"`
	Spec       PlatformSpec `json:"spec" yaml:"spec"`
}

// Metadata names the platform.
type Metadata struct {
	Name        string            `json:"name" yaml:"name"`
	Labels      map[string]string `json:"labels,omitempty" yaml:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty" yaml:"annotations,omitempty"`
}

// PlatformSpec is what the platform shall be.
type PlatformSpec struct {
	Customers int      `json:"customers" yaml:"customers" jsonschema:"minimum=1" jsonschema_description:"tenants the platform serves"`
	Agents    int      `json:"agents" yaml:"agents" jsonschema:"minimum=0" jsonschema_description:"workloads in the registry"`
	Regions   []Region `json:"regions" yaml:"regions" jsonschema_description:"regions of the platform, each active one with the passive partner that takes over for it"`
	Cells     Cells    `json:"cells" yaml:"cells"`
	Engines   Engines  `json:"engines" yaml:"engines"`
	Routing   Routing  `json:"routing" yaml:"routing"`
	Health    Health   `json:"health" yaml:"health"`
	Breaker   Breaker  `json:"breaker" yaml:"breaker"`
	Retry     Retry    `json:"retry" yaml:"retry"`
	Failover  Failover `json:"failover" yaml:"failover"`
	Targets   Targets  `json:"targets" yaml:"targets"`
	Cost      Cost     `json:"cost" yaml:"cost"`

	Notify        []Notifier     `json:"notify,omitempty" yaml:"notify,omitempty" jsonschema_description:"who is told of alerts; nobody when absent"`
	ControlPlane  ControlPlane   `json:"controlPlane,omitzero" yaml:"controlPlane,omitempty" jsonschema_description:"what the servers decide with; their own etcd when absent"`
	Archive       Archive        `json:"archive,omitzero" yaml:"archive,omitempty" jsonschema_description:"where the journal is archived, and for how long; the installation's own object store for seven years when absent"`
	VantagePoints []VantagePoint `json:"vantagePoints,omitempty" yaml:"vantagePoints,omitempty" jsonschema_description:"places outside every region from which the platform is asked as customers ask it; one for each active region when absent"`
}

// Cells divides the customers so that one failure reaches few of them (row 7.5.4).
type Cells struct {
	Count int `json:"count" yaml:"count" jsonschema:"minimum=1" jsonschema_description:"cells over all active regions; a customer lives in exactly one"`
}

// Health is how targets are probed (row 7.1.10).
type Health struct {
	Interval Duration `json:"interval" yaml:"interval" jsonschema_description:"time between two probes of a healthy target"`
	Reprobe  Duration `json:"reprobe,omitempty" yaml:"reprobe,omitempty" jsonschema_description:"time to the next probe after a first failure; without it failures are counted at the interval's pace"`
	Timeout  Duration `json:"timeout" yaml:"timeout" jsonschema_description:"time after which a probe has failed"`
	Jitter   Ratio    `json:"jitter" yaml:"jitter" jsonschema_description:"share of the interval by which each probe is moved at random"`
	Rise     int      `json:"rise" yaml:"rise" jsonschema:"minimum=1" jsonschema_description:"successes until healthy"`
	Fall     int      `json:"fall" yaml:"fall" jsonschema:"minimum=1" jsonschema_description:"failures until unhealthy"`
}

// Breaker is the circuit breaker of each target (row 7.1.11).
type Breaker struct {
	ConsecutiveFailures int      `json:"consecutiveFailures" yaml:"consecutiveFailures" jsonschema:"minimum=1"`
	OpenFor             Duration `json:"openFor" yaml:"openFor" jsonschema_description:"time until one trial request is let through"`
	MaxEjected          Ratio    `json:"maxEjected" yaml:"maxEjected" jsonschema_description:"share of a pool that may be out at once"`
}

// Retry bounds the edge's repeats of safe requests.
type Retry struct {
	Budget     Ratio    `json:"budget" yaml:"budget" jsonschema_description:"repeats as a share of all requests"`
	TryTimeout Duration `json:"tryTimeout" yaml:"tryTimeout" jsonschema_description:"time one try may take before another target is asked"`
}

// Failover is how fast and by whom a failure is answered (rows 7.1.8, 7.1.9).
type Failover struct {
	WithinRegion FailoverPath `json:"withinRegion" yaml:"withinRegion"`
	CrossRegion  FailoverPath `json:"crossRegion" yaml:"crossRegion"`
	Detection    Detection    `json:"detection" yaml:"detection"`
}

// FailoverPath is one path of failover.
type FailoverPath struct {
	Mode   string   `json:"mode" yaml:"mode" jsonschema:"enum=automatic,enum=manual" jsonschema_description:"automatic: fournines acts by itself; manual: a person approves"`
	Within Duration `json:"within" yaml:"within" jsonschema_description:"time in which the platform works again"`
}

// Detection is how a dead primary is seen before its lease runs out.
type Detection struct {
	Interval  Duration `json:"interval" yaml:"interval" jsonschema_description:"time between two probes through a new connection"`
	Timeout   Duration `json:"timeout" yaml:"timeout" jsonschema_description:"time without any progress after which a probe has missed"`
	Misses    int      `json:"misses" yaml:"misses" jsonschema:"minimum=1" jsonschema_description:"misses in a row until an observer suspects"`
	Observers int      `json:"observers" yaml:"observers" jsonschema:"minimum=1" jsonschema_description:"independent observers that must suspect"`
}

// Targets is what the platform promises (rows 7.1.12, 7.5.4).
type Targets struct {
	Availability Ratio    `json:"availability" yaml:"availability" jsonschema_description:"share of the time that customers are served, for example 99.99%"`
	Weighting    string   `json:"weighting" yaml:"weighting" jsonschema:"enum=customers,enum=requests,enum=none" jsonschema_description:"what a second of downtime is weighted with"`
	RTO          Duration `json:"rto" yaml:"rto" jsonschema_description:"longest time until a lost region's customers are served elsewhere"`
	RPO          Duration `json:"rpo" yaml:"rpo" jsonschema_description:"most data, as time, that the loss of a region may cost"`
	MTBF         Duration `json:"mtbf" yaml:"mtbf" jsonschema_description:"mean time between failures"`
	MTTR         Duration `json:"mttr" yaml:"mttr" jsonschema_description:"mean time to repair"`
	BlastRadius  Ratio    `json:"blastRadius" yaml:"blastRadius" jsonschema_description:"largest share of customers that one failure may reach"`
}

// Cost is what the infrastructure may cost (row 7.1.13).
type Cost struct {
	PerYear  int    `json:"perYear" yaml:"perYear" jsonschema:"minimum=0" jsonschema_description:"cost of the infrastructure in a year, in whole units of the currency"`
	Currency string `json:"currency" yaml:"currency" jsonschema_description:"three letters, for example USD"`
}
