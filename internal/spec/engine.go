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
	ClustersPerRegion   int `json:"clustersPerRegion" yaml:"clustersPerRegion" jsonschema:"minimum=1"`
	InstancesPerCluster int `json:"instancesPerCluster" yaml:"instancesPerCluster" jsonschema:"minimum=1"`
}

// Postgres is the relational database of each region, under Patroni (row 7.1.4).
type Postgres struct {
	Primaries           int      `json:"primaries" yaml:"primaries" jsonschema:"minimum=1,maximum=1"`
	Replicas            int      `json:"replicas" yaml:"replicas" jsonschema:"minimum=0"`
	Synchronous         string   `json:"synchronous" yaml:"synchronous" jsonschema:"enum=quorum,enum=on,enum=strict,enum=off" jsonschema_description:"off loses acknowledged writes at failover"`
	Checksums           bool     `json:"checksums" yaml:"checksums"`
	TTL                 Duration `json:"ttl" yaml:"ttl" jsonschema_description:"Patroni's leader lease; its floor is 20s"`
	LoopWait            Duration `json:"loopWait" yaml:"loopWait"`
	RetryTimeout        Duration `json:"retryTimeout" yaml:"retryTimeout"`
	PrimaryStartTimeout Duration `json:"primaryStartTimeout" yaml:"primaryStartTimeout" jsonschema_description:"how long a crashed primary may try to come back before another takes over"`
	Failsafe            bool     `json:"failsafe" yaml:"failsafe" jsonschema_description:"the primary lives on without etcd while every member answers it"`
	AcceleratedFailover bool     `json:"acceleratedFailover" yaml:"acceleratedFailover" jsonschema_description:"fence, then revoke the dead primary's lease, instead of waiting for it to run out"`
}

// Etcd is the region's own store for Patroni's locks; never the server's.
type Etcd struct {
	Members int `json:"members" yaml:"members" jsonschema:"minimum=1"`
}

// Redis is the cache of each region, under Sentinel (row 7.1.5).
type Redis struct {
	Nodes              int      `json:"nodes" yaml:"nodes" jsonschema:"minimum=1"`
	Sentinels          int      `json:"sentinels" yaml:"sentinels" jsonschema:"minimum=1"`
	Quorum             int      `json:"quorum" yaml:"quorum" jsonschema:"minimum=1"`
	DownAfter          Duration `json:"downAfter" yaml:"downAfter"`
	FailoverTimeout    Duration `json:"failoverTimeout" yaml:"failoverTimeout"`
	MinReplicasToWrite int      `json:"minReplicasToWrite" yaml:"minReplicasToWrite" jsonschema_description:"bounds what a cut-off old master can still acknowledge"`
	MinReplicasMaxLag  Duration `json:"minReplicasMaxLag" yaml:"minReplicasMaxLag"`
}

// Kafka is the message queue of each region (row 7.1.6).
type Kafka struct {
	Brokers           int    `json:"brokers" yaml:"brokers" jsonschema:"minimum=0"`
	ReplicationFactor int    `json:"replicationFactor" yaml:"replicationFactor"`
	MinInSync         int    `json:"minInSync" yaml:"minInSync"`
	MirrorTo          string `json:"mirrorTo" yaml:"mirrorTo" jsonschema:"enum=pair,enum=none"`
}

// Objects is the object storage of each region (row 7.1.7).
type Objects struct {
	Versioned   bool   `json:"versioned" yaml:"versioned"`
	ReplicateTo string `json:"replicateTo" yaml:"replicateTo" jsonschema:"enum=pair,enum=none"`
}
