package cost

// Size is how large something is that the platform file does not declare.
type Size struct {
	Amount    Amount `json:"amount" yaml:"amount"`
	Source    string `json:"source" yaml:"source" jsonschema_description:"where it was read, or the word assumption"`
	Retrieved string `json:"retrieved,omitempty" yaml:"retrieved,omitempty" jsonschema_description:"day on which it was read; none with an assumption"`
	Note      string `json:"note,omitempty" yaml:"note,omitempty"`
}

// Sizes are the load, and what it takes to carry it.
type Sizes struct {
	RequestsPerCustomer Size `json:"requestsPerCustomer" yaml:"requestsPerCustomer" jsonschema_description:"requests of a customer in an hour, on average"`
	PeakFactor          Size `json:"peakFactor" yaml:"peakFactor" jsonschema_description:"the busiest hour as a multiple of the average"`
	RequestsPerNode     Size `json:"requestsPerNode" yaml:"requestsPerNode" jsonschema_description:"requests that an application node carries in a second"`
	AgentsPerNode       Size `json:"agentsPerNode" yaml:"agentsPerNode" jsonschema_description:"agents that an application node carries"`
	PassiveScale        Size `json:"passiveScale" yaml:"passiveScale" jsonschema_description:"share of the application nodes that a passive region keeps running"`
	EdgesPerZone        Size `json:"edgesPerZone" yaml:"edgesPerZone" jsonschema_description:"edge nodes in each zone"`
	PgBouncersPerZone   Size `json:"pgbouncersPerZone" yaml:"pgbouncersPerZone" jsonschema_description:"connection poolers in each zone"`
	ResponseKB          Size `json:"responseKB" yaml:"responseKB" jsonschema_description:"kB that a response sends to the customer"`
	ZoneKB              Size `json:"zoneKB" yaml:"zoneKB" jsonschema_description:"kB that a request moves between zones, from edge to application to data"`
	WritesPerRequest    Size `json:"writesPerRequest" yaml:"writesPerRequest" jsonschema_description:"transactions that a request commits, on average"`
	WriteKB             Size `json:"writeKB" yaml:"writeKB" jsonschema_description:"kB of write-ahead log that a transaction makes"`
	DatabaseGB          Size `json:"databaseGB" yaml:"databaseGB" jsonschema_description:"GB of database that a customer has"`
	DiskHeadroom        Size `json:"diskHeadroom" yaml:"diskHeadroom" jsonschema_description:"disk as a multiple of what is on it"`
	EventsPerRequest    Size `json:"eventsPerRequest" yaml:"eventsPerRequest" jsonschema_description:"records that a request sends to Kafka"`
	EventKB             Size `json:"eventKB" yaml:"eventKB" jsonschema_description:"kB of a record, compressed"`
	EventDays           Size `json:"eventDays" yaml:"eventDays" jsonschema_description:"days for which Kafka keeps records"`
	ObjectsGB           Size `json:"objectsGB" yaml:"objectsGB" jsonschema_description:"GB of current objects that a customer has"`
	VersionFactor       Size `json:"versionFactor" yaml:"versionFactor" jsonschema_description:"all versions together as a multiple of the current ones"`
	ObjectsPerCustomer  Size `json:"objectsPerCustomer" yaml:"objectsPerCustomer" jsonschema_description:"objects that a customer writes in an hour"`
	ObjectKB            Size `json:"objectKB" yaml:"objectKB" jsonschema_description:"kB of an object"`
	DNSPerCustomer      Size `json:"dnsPerCustomer" yaml:"dnsPerCustomer" jsonschema_description:"DNS queries of a customer's resolvers in an hour"`
	CommittedShare      Size `json:"committedShare" yaml:"committedShare" jsonschema_description:"share of the nodes that is bought for years"`
	CommitmentDiscount  Size `json:"commitmentDiscount" yaml:"commitmentDiscount" jsonschema_description:"how much cheaper those are, as a share"`
}

// The bounds of a size, beyond those of an amount.
const (
	anySize = iota
	divisor // must not be 0
	share   // from 0 to 1
)

// namedSize is a size with its name in the file.
type namedSize struct {
	name  string
	size  *Size
	unit  string
	bound int
}

// all returns every size in the file's order.
func (s *Sizes) all() []namedSize {
	return []namedSize{
		{"requestsPerCustomer", &s.RequestsPerCustomer, "requests/hour", anySize},
		{"peakFactor", &s.PeakFactor, "× average", anySize},
		{"requestsPerNode", &s.RequestsPerNode, "requests/s", divisor},
		{"agentsPerNode", &s.AgentsPerNode, "agents", divisor},
		{"passiveScale", &s.PassiveScale, "share", share},
		{"edgesPerZone", &s.EdgesPerZone, "nodes", anySize},
		{"pgbouncersPerZone", &s.PgBouncersPerZone, "nodes", anySize},
		{"responseKB", &s.ResponseKB, "kB", anySize},
		{"zoneKB", &s.ZoneKB, "kB", anySize},
		{"writesPerRequest", &s.WritesPerRequest, "transactions", anySize},
		{"writeKB", &s.WriteKB, "kB", anySize},
		{"databaseGB", &s.DatabaseGB, "GB", anySize},
		{"diskHeadroom", &s.DiskHeadroom, "× data", anySize},
		{"eventsPerRequest", &s.EventsPerRequest, "records", anySize},
		{"eventKB", &s.EventKB, "kB", anySize},
		{"eventDays", &s.EventDays, "days", anySize},
		{"objectsGB", &s.ObjectsGB, "GB", anySize},
		{"versionFactor", &s.VersionFactor, "× current", anySize},
		{"objectsPerCustomer", &s.ObjectsPerCustomer, "objects/hour", anySize},
		{"objectKB", &s.ObjectKB, "kB", anySize},
		{"dnsPerCustomer", &s.DNSPerCustomer, "queries/hour", anySize},
		{"committedShare", &s.CommittedShare, "share", share},
		{"commitmentDiscount", &s.CommitmentDiscount, "share", share},
	}
}

// namedPrice is a price with its name in the file.
type namedPrice struct {
	name  string
	price *Price
	unit  string
}

// all returns every price in the file's order, with the unit it must have.
func (p *Prices) all() []namedPrice {
	return []namedPrice{
		{"cluster", &p.Cluster, "hour"}, {"appNode", &p.AppNode, "hour"}, {"edgeNode", &p.EdgeNode, "hour"},
		{"postgresNode", &p.PostgresNode, "hour"}, {"pgbouncerNode", &p.PgBouncerNode, "hour"}, {"etcdNode", &p.EtcdNode, "hour"},
		{"redisNode", &p.RedisNode, "hour"}, {"sentinelNode", &p.SentinelNode, "hour"}, {"kafkaNode", &p.KafkaNode, "hour"},
		{"disk", &p.Disk, "GB-month"}, {"objectStorage", &p.ObjectStorage, "GB-month"}, {"objectWrites", &p.ObjectWrites, "million"},
		{"loadBalancer", &p.LoadBalancer, "hour"}, {"loadBalancerUnit", &p.LoadBalancerUnit, "hour"},
		{"dnsZone", &p.DNSZone, "month"}, {"dnsQueries", &p.DNSQueries, "million"}, {"dnsCheck", &p.DNSCheck, "month"},
		{"zoneTransfer", &p.ZoneTransfer, "GB"}, {"regionTransfer", &p.RegionTransfer, "GB"}, {"internetTransfer", &p.InternetTransfer, "GB"},
	}
}
