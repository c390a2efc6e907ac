package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/greenlang/fournines/internal/spec"
)

// Declared returns the settings that the broker is started with, and that somebody could change while
// it runs.
func (m Member) Declared(k spec.Kafka) map[string]string {
	out := map[string]string{}
	for _, s := range m.settings(k) {
		if !strings.Contains(s[1], "{home}") {
			out[s[0]] = s[1]
		}
	}
	return out
}

// altered says in words which of its declared settings somebody has changed on a broker while it runs. What is
// not declared is anybody's.
func altered(ctx context.Context, c *kgo.Client, b Broker) ([]string, error) {
	if len(b.Declared) == 0 {
		return nil, nil
	}
	req, r := kmsg.NewPtrDescribeConfigsRequest(), kmsg.NewDescribeConfigsRequestResource()
	r.ResourceType, r.ResourceName, r.ConfigNames = kmsg.ConfigResourceTypeBroker, strconv.Itoa(int(b.Node)), slices.Sorted(maps.Keys(b.Declared))
	req.Resources = append(req.Resources, r)
	resp, err := c.Broker(int(b.Node)).Request(ctx, req)
	if err != nil {
		return nil, err
	}
	answer, ok := resp.(*kmsg.DescribeConfigsResponse)
	if !ok || len(answer.Resources) != 1 {
		return nil, fmt.Errorf("%s does not tell its settings: %T", b.ID, resp)
	}
	if err := kerr.ErrorForCode(answer.Resources[0].ErrorCode); err != nil {
		return nil, err
	}
	var out []string
	for _, s := range answer.Resources[0].Configs {
		changed := s.Source == kmsg.ConfigSourceDynamicBrokerConfig || s.Source == kmsg.ConfigSourceDynamicDefaultBrokerConfig
		if is := text(s.Value); changed && is != b.Declared[s.Name] {
			out = append(out, fmt.Sprintf("%s is %s, declared is %s", s.Name, is, b.Declared[s.Name]))
		}
	}
	slices.Sort(out)
	return out, nil
}

func text(value *string) string {
	if value == nil {
		return "not set"
	}
	return *value
}

// settings are what is asked of topics: the copies that a record needs before it is acknowledged, and in words
// where a topic promises less than is declared.
func (l *Looker) settings(ctx context.Context, adm *kadm.Client, topics kadm.TopicDetails) (least map[string]int, differs []string, err error) {
	least = map[string]int{}
	if len(topics) == 0 {
		return least, nil, nil
	}
	configs, err := adm.DescribeTopicConfigs(ctx, topics.Names()...)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range configs {
		if c.Err != nil && !errors.Is(c.Err, kerr.UnknownTopicOrPartition) { // deleted meanwhile
			return nil, nil, fmt.Errorf("topic %s: %w", c.Name, c.Err)
		}
		for _, kv := range c.Configs {
			own := kv.Source == kmsg.ConfigSourceDynamicTopicConfig
			switch {
			case kv.Key == "min.insync.replicas" && kv.Value != nil:
				n, err := strconv.Atoi(*kv.Value)
				if err != nil {
					return nil, nil, fmt.Errorf("topic %s: min.insync.replicas %q is no number", c.Name, *kv.Value)
				}
				if least[c.Name] = n; own && n < l.Least {
					differs = append(differs, fmt.Sprintf("min.insync.replicas of topic %s is %d, declared is %d", c.Name, n, l.Least))
				}
			case kv.Key == "unclean.leader.election.enable" && own && kv.MaybeValue() == "true":
				differs = append(differs, fmt.Sprintf("unclean.leader.election.enable of topic %s is true, declared is false", c.Name))
			}
		}
	}
	for _, t := range topics {
		for _, p := range t.Partitions.Sorted() {
			if n := len(p.Replicas); n < l.Copies && t.Err == nil {
				differs = append(differs, fmt.Sprintf("topic %s has %d copies of partition %d, declared are %d", t.Topic, n, p.Partition, l.Copies))
				break // one partition of a topic says enough
			}
		}
	}
	slices.Sort(differs)
	return least, differs, nil
}
