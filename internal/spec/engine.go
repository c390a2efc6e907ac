package spec

// Engines are the systems that do the heavy work in each region.
type Engines struct {
	Application Application `json:"application" yaml:"application"`
	Postgres    Postgres    `json:"postgres" yaml:"postgres"`
	Etcd        Etcd        `json:"etcd" yaml:"etcd"`
	Redis       Redis       `json:"redis" yaml:"redis"`
	Kafka       Kafka       `json:"kafka" yaml:"kafka"`
	Objects     Objects     `json:"objects" yaml:"objects"`
}

// Application is the platform's own program (row 7.1.3).
type Application struct {
	ClustersPerRegion   int `json:"clustersPerRegion" yaml:"clustersPerRegion" jsonschema:"minimum=1" jsonschema_description:"one for each availability zone"`
	InstancesPerCluster int `json:"instancesPerCluster" yaml:"instancesPerCluster" jsonschema:"minimum=1" jsonschema_description:"processes in each cluster"`
}

// MaximumLag is how many bytes of write-ahead log a member may lack to take over where replication
// is asynchronous: Patroni promotes nobody who lacks more.
const MaximumLag = 1 << 20

// Postgres is the relational database of each region, under Patroni (row 7.1.4).
type Postgres struct {
	Primaries           int      `json:"primaries" yaml:"primaries" jsonschema:"minimum=1,maximum=1"`
	Replicas            int      `json:"replicas" yaml:"replicas" jsonschema:"minimum=0"`
	Synchronous         string   `json:"synchronous" yaml:"synchronous" jsonschema:"enum=quorum,enum=on,enum=strict,enum=off" jsonschema_description:"off loses acknowledged writes at failover"`
	Checksums           bool     `json:"checksums" yaml:"checksums" jsonschema_description:"PostgreSQL's data checksums"`
	TTL                 Duration `json:"ttl" yaml:"ttl" jsonschema_description:"Patroni's leader lease; its floor is 20s"`
	LoopWait            Duration `json:"loopWait" yaml:"loopWait" jsonschema_description:"time between two rounds of Patroni; at least 1s"`
	RetryTimeout        Duration `json:"retryTimeout" yaml:"retryTimeout" jsonschema_description:"time Patroni retries its store before it gives up the lease; at least 3s"`
	PrimaryStartTimeout Duration `json:"primaryStartTimeout" yaml:"primaryStartTimeout" jsonschema_description:"how long a crashed primary may try to come back before another takes over"`
	Failsafe            bool     `json:"failsafe" yaml:"failsafe" jsonschema_description:"the primary lives on without etcd while every member answers it"`
	AcceleratedFailover bool     `json:"acceleratedFailover" yaml:"acceleratedFailover" jsonschema_description:"fence, then revoke the dead primary's lease, instead of waiting for it to run out"`
}

// Etcd is the region's own store for Patroni's locks; never the server's.
type Etcd struct {
	Members int `json:"members" yaml:"members" jsonschema:"minimum=1" jsonschema_description:"members of the region's own etcd, one for each zone"`
}

// Redis is the cache of each region, under Sentinel (row 7.1.5).
type Redis struct {
	Nodes              int      `json:"nodes" yaml:"nodes" jsonschema:"minimum=1"`
	Sentinels          int      `json:"sentinels" yaml:"sentinels" jsonschema:"minimum=1"`
	Quorum             int      `json:"quorum" yaml:"quorum" jsonschema:"minimum=1" jsonschema_description:"Sentinels that must agree that the master is down"`
	DownAfter          Duration `json:"downAfter" yaml:"downAfter" jsonschema_description:"silence after which a Sentinel takes a node for down"`
	FailoverTimeout    Duration `json:"failoverTimeout" yaml:"failoverTimeout" jsonschema_description:"a failed failover is tried again after twice this time"`
	MinReplicasToWrite int      `json:"minReplicasToWrite" yaml:"minReplicasToWrite" jsonschema:"minimum=0" jsonschema_description:"bounds what a cut-off old master can still acknowledge"`
	MinReplicasMaxLag  Duration `json:"minReplicasMaxLag" yaml:"minReplicasMaxLag" jsonschema_description:"a replica counts for minReplicasToWrite up to this lag"`
}

// Kafka is the message queue of each region (row 7.1.6).
type Kafka struct {
	Brokers           int    `json:"brokers" yaml:"brokers" jsonschema:"minimum=0"`
	ReplicationFactor int    `json:"replicationFactor" yaml:"replicationFactor" jsonschema:"minimum=0" jsonschema_description:"copies of each partition, its leader's included"`
	MinInSync         int    `json:"minInSync" yaml:"minInSync" jsonschema:"minimum=0" jsonschema_description:"copies that must have a record before it is acknowledged"`
	MirrorTo          string `json:"mirrorTo" yaml:"mirrorTo" jsonschema:"enum=pair,enum=none" jsonschema_description:"where topics are mirrored to"`
}

// Objects is the object storage of each region (row 7.1.7).
type Objects struct {
	Versioned   bool   `json:"versioned" yaml:"versioned" jsonschema_description:"older versions of an object are kept"`
	ReplicateTo string `json:"replicateTo" yaml:"replicateTo" jsonschema:"enum=pair,enum=none" jsonschema_description:"where objects are replicated to"`
	Bucket      string `json:"bucket,omitempty" yaml:"bucket,omitempty" jsonschema_description:"the applications' bucket in each region's store, made with versioning; objects when absent"`
}

// BucketName is the applications' bucket in each region.
func (o Objects) BucketName() string {
	if o.Bucket == "" {
		return "objects"
	}
	return o.Bucket
}
