package wiring

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/place"
)

// poison are a drill's topics in the home region.
type poison struct {
	kafka.Poison
	platform DrillPlatform
	mirror   string
}

// Poison implements availability.MirrorPlatform.
func (p DrillPlatform) Poison(name string) availability.Poison {
	l := p.Layout
	home, _ := l.Platform.Region(p.Region)
	copies, least := assign.Broker(l, home.Name, l.Brokers(home.Name)[0]).Replication(l.Platform.Spec.Engines.Kafka)
	return &poison{
		Poison:   kafka.Poison{Name: name, From: home.Name, Source: assign.KafkaLooker(l, home.Name), Target: assign.KafkaLooker(l, home.Pair), Copies: copies, Least: least},
		platform: p, mirror: place.ID(home.Pair, l.MirrorZone(home.Pair), place.Mirror),
	}
}

func (x *poison) Mirror() string { return x.mirror }

func (x *poison) Behind(ctx context.Context) (out []string, err error) {
	var all client.Items[door.Mirror]
	if err := again(ctx, func() error {
		return x.platform.Client.Call(ctx, http.MethodGet, "/v1/kafka/mirrors", "", nil, &all)
	}); err != nil {
		return nil, err
	}
	seen := 0
	for _, m := range all.Items {
		for _, t := range m.Topics {
			if m.From != x.From || !strings.HasPrefix(t.Name, x.Name+".") {
				continue
			}
			if seen++; t.Records != 0 {
				out = append(out, fmt.Sprintf("%s lacks %d records", t.Name, t.Records))
			}
		}
	}
	if seen < kafka.PoisonTopics {
		out = append(out, fmt.Sprintf("%d of %d topics are known", seen, kafka.PoisonTopics))
	}
	return out, nil
}

func (x *poison) Count(ctx context.Context) (written, lost, aborted int, err error) {
	c, err := x.Poison.Count(ctx)
	return c.Written, c.Lost, c.Aborted, err
}

func (x *poison) Drop(ctx context.Context) error {
	err := x.Poison.Drop(ctx)
	if err == nil {
		x.Source.Close()
		x.Target.Close()
	}
	return err
}
