package spec

// The standard ports of the engines.
const (
	EtcdPort            = 2379
	EtcdPeerPort        = 2380
	PostgresPort        = 5432
	PatroniPort         = 8008
	RedisPort           = 6379
	SentinelPort        = 26379
	KafkaPort           = 9092
	KafkaControllerPort = 9093
	KafkaLinkPort       = 9094 // for the mirror in another region
)
