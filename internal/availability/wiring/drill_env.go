package wiring

import (
	"time"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/place"
)

// JournalDir implements compliance.DrillPlatform.
func (p DrillPlatform) JournalDir() string { return p.Dir }

// DrillEnv returns what a drill of this installation runs with.
func DrillEnv(root, region, id string, people *client.Client) (drill.Env, error) {
	_, layout, err := place.LoadInstallation(root)
	if err != nil {
		return drill.Env{}, err
	}
	secrets, err := place.LoadSecrets(root)
	if err != nil {
		return drill.Env{}, err
	}
	token := ""
	if layout.NetNS {
		token = secrets.App
	}
	platform := DrillPlatform{Client: people, Region: region, Dir: layout.JournalDir(), Layout: layout, Password: secrets.GreenLang, Redis: &RedisWriter{Address: layout.EdgeAddress(region, place.Redis), Password: secrets.Redis}}
	platform.Admin = postgres.Admin{User: patroni.SuperUser, Password: secrets.Superuser, Database: "postgres"}
	platform.Events = &trailWriter{send: client.NewClient(secrets.Applications[place.GreenLang], people.Addresses...), read: people}
	if zones := layout.Brokers(region); len(zones) > 1 {
		copies, least := assign.Broker(layout, region, zones[0]).Replication(layout.Platform.Spec.Engines.Kafka)
		platform.Kafka = &kafka.Writer{Cluster: assign.KafkaLooker(layout, region), Copies: copies, Least: least}
	}
	platform.Store = drillObjects(layout, secrets, platform, customers(layout, region, token))
	return drill.Env{
		ID:       id,
		Platform: platform,
		Load: &drill.Load{
			Writer: customers(layout, region, token), Prefix: id,
			Every: 160 * time.Millisecond, Limit: 20 * time.Second, Worker: 8,
		},
		Recorder: people,
	}, nil
}
