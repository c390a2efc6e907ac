package cost

import "github.com/greenlang/fournines/internal/spec"

// Kind heads every price table.
const Kind = "PriceTable"

// Assumption is the source of a number that nobody could find published.
const Assumption = "assumption"

// Table is the whole document.
type Table struct {
	APIVersion string        `json:"apiVersion" yaml:"apiVersion" jsonschema:"enum=fournines.dev/v1"`
	Kind       string        `json:"kind" yaml:"kind" jsonschema:"enum=PriceTable"`
	Metadata   spec.Metadata `json:"metadata" yaml:"metadata"`
	Spec       TableSpec     `json:"spec" yaml:"spec"`
}

// TableSpec is what things cost, and how large they are where the platform file does not say.
type TableSpec struct {
	Currency     string   `json:"currency" yaml:"currency" jsonschema_description:"three letters; that of the platform's budget"`
	HoursPerYear int      `json:"hoursPerYear" yaml:"hoursPerYear" jsonschema:"minimum=1,maximum=8784"`
	Regions      []Factor `json:"regions" yaml:"regions" jsonschema_description:"what a price is multiplied with in a region that has none of its own"`
	Prices       Prices   `json:"prices" yaml:"prices"`
	Sizes        Sizes    `json:"sizes" yaml:"sizes"`
}

// Factor is how much dearer a region is.
type Factor struct {
	Region    string `json:"region" yaml:"region"`
	Factor    Amount `json:"factor" yaml:"factor" jsonschema_description:"1 is the price without a region"`
	Source    string `json:"source" yaml:"source" jsonschema_description:"where it was read, or the word assumption"`
	Retrieved string `json:"retrieved,omitempty" yaml:"retrieved,omitempty" jsonschema_description:"day on which it was read; none with an assumption"`
	Note      string `json:"note,omitempty" yaml:"note,omitempty"`
}

// Price is what one unit of an item costs.
type Price struct {
	What      string     `json:"what" yaml:"what" jsonschema_description:"the product as its vendor names it"`
	Unit      string     `json:"unit" yaml:"unit" jsonschema:"enum=hour,enum=month,enum=GB-month,enum=GB,enum=million"`
	Amount    Amount     `json:"amount" yaml:"amount" jsonschema_description:"price of a unit"`
	Currency  string     `json:"currency" yaml:"currency" jsonschema_description:"that of the table"`
	Source    string     `json:"source" yaml:"source" jsonschema_description:"where it was read, or the word assumption"`
	Retrieved string     `json:"retrieved,omitempty" yaml:"retrieved,omitempty" jsonschema_description:"day on which it was read; none with an assumption"`
	Note      string     `json:"note,omitempty" yaml:"note,omitempty"`
	Regions   []Regional `json:"regions,omitempty" yaml:"regions,omitempty" jsonschema_description:"regions whose price differs by another measure than their factor"`
}

// Regional is a price that is a region's own; its factor does not apply.
type Regional struct {
	Region    string `json:"region" yaml:"region"`
	Amount    Amount `json:"amount" yaml:"amount"`
	Source    string `json:"source" yaml:"source" jsonschema_description:"where it was read, or the word assumption"`
	Retrieved string `json:"retrieved,omitempty" yaml:"retrieved,omitempty" jsonschema_description:"day on which it was read; none with an assumption"`
	Note      string `json:"note,omitempty" yaml:"note,omitempty"`
}

// Prices are the items that a platform is made of.
type Prices struct {
	Cluster          Price `json:"cluster" yaml:"cluster" jsonschema_description:"control plane of an application cluster"`
	AppNode          Price `json:"appNode" yaml:"appNode" jsonschema_description:"node of an application cluster"`
	EdgeNode         Price `json:"edgeNode" yaml:"edgeNode" jsonschema_description:"node of an edge"`
	PostgresNode     Price `json:"postgresNode" yaml:"postgresNode" jsonschema_description:"node of a PostgreSQL member"`
	PgBouncerNode    Price `json:"pgbouncerNode" yaml:"pgbouncerNode" jsonschema_description:"node of a connection pooler"`
	EtcdNode         Price `json:"etcdNode" yaml:"etcdNode" jsonschema_description:"node of an etcd member"`
	RedisNode        Price `json:"redisNode" yaml:"redisNode" jsonschema_description:"node of a Redis server"`
	SentinelNode     Price `json:"sentinelNode" yaml:"sentinelNode" jsonschema_description:"node of a Sentinel"`
	KafkaNode        Price `json:"kafkaNode" yaml:"kafkaNode" jsonschema_description:"node of a Kafka broker"`
	Disk             Price `json:"disk" yaml:"disk" jsonschema_description:"disk of a database or a broker"`
	ObjectStorage    Price `json:"objectStorage" yaml:"objectStorage" jsonschema_description:"objects as they are kept"`
	ObjectWrites     Price `json:"objectWrites" yaml:"objectWrites" jsonschema_description:"requests that write objects"`
	LoadBalancer     Price `json:"loadBalancer" yaml:"loadBalancer" jsonschema_description:"load balancer in front of a region's edges"`
	LoadBalancerUnit Price `json:"loadBalancerUnit" yaml:"loadBalancerUnit" jsonschema_description:"capacity of a load balancer, for each GB an hour"`
	DNSZone          Price `json:"dnsZone" yaml:"dnsZone" jsonschema_description:"hosted zone"`
	DNSQueries       Price `json:"dnsQueries" yaml:"dnsQueries" jsonschema_description:"queries answered by latency"`
	DNSCheck         Price `json:"dnsCheck" yaml:"dnsCheck" jsonschema_description:"health check of an endpoint"`
	ZoneTransfer     Price `json:"zoneTransfer" yaml:"zoneTransfer" jsonschema_description:"traffic between zones, each way"`
	RegionTransfer   Price `json:"regionTransfer" yaml:"regionTransfer" jsonschema_description:"traffic to another region, at the sender"`
	InternetTransfer Price `json:"internetTransfer" yaml:"internetTransfer" jsonschema_description:"traffic to customers"`
}
