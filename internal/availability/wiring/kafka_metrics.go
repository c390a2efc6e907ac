package wiring

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/fact"
)

// kafkaMetrics tell what brokers and mirrors hold (row 7.1.6). They are read at the moment
// of asking, from the newest facts.
type kafkaMetrics struct{ w *Wiring }

var (
	link        = []string{"from", "to"}
	mirrorLag   = prometheus.NewDesc("fournines_mirror_lag_seconds", "How far a mirror is behind: the age of the oldest canary that has not arrived, or what the newest took.", link, nil)
	mirrorFresh = prometheus.NewDesc("fournines_mirror_canary_age_seconds", "Time since a canary last arrived.", link, nil)
	mirrorSent  = prometheus.NewDesc("fournines_mirror_canaries_sent_total", "Canaries that the source has acknowledged since the server began.", link, nil)
	mirrorGot   = prometheus.NewDesc("fournines_mirror_canaries_received_total", "Different canaries that came out at the target.", link, nil)
	mirrorTwice = prometheus.NewDesc("fournines_mirror_canaries_duplicated_total", "Canaries that came out again.", link, nil)
	mirrorGaps  = prometheus.NewDesc("fournines_mirror_canary_gaps", "Canaries that the source acknowledged, that later ones have overtaken, and that have not come: above 0 something is lost.", link, nil)
	mirrorTopic = prometheus.NewDesc("fournines_mirror_topic_behind_records", "Records of a topic that its copy lacks.", append([]string{"topic"}, link...), nil)

	kafkaBelow   = prometheus.NewDesc("fournines_kafka_partitions_below_min_isr", "Partitions that take no records of careful producers: fewer copies are in sync than the topic's minimum.", []string{"region"}, nil)
	kafkaUnder   = prometheus.NewDesc("fournines_kafka_partitions_under_replicated", "Partitions that miss a copy in sync.", []string{"region"}, nil)
	kafkaOffline = prometheus.NewDesc("fournines_kafka_partitions_offline", "Partitions without a leader in sync.", []string{"region"}, nil)
	kafkaAge     = prometheus.NewDesc("fournines_kafka_facts_age_seconds", "Time since the brokers last told all of this.", []string{"region"}, nil)
	kafkaGroups  = prometheus.NewDesc("fournines_kafka_group_lag_records", "Records that a group of consumers has not read; absent while nobody knows.", []string{"region", "group", "state"}, nil)
	kafkaUp      = prometheus.NewDesc("fournines_kafka_broker_up", "1 while a broker answers and is part of its cluster.", []string{"region", "broker"}, nil)
)

// Describe implements prometheus.Collector.
func (kafkaMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{mirrorLag, mirrorFresh, mirrorSent, mirrorGot, mirrorTwice, mirrorGaps, mirrorTopic, kafkaBelow, kafkaUnder, kafkaOffline, kafkaAge, kafkaGroups, kafkaUp} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m kafkaMetrics) Collect(out chan<- prometheus.Metric) {
	now := m.w.house.Now()
	for _, region := range m.w.house.Layout.Regions {
		if k := m.w.house.Facts.Kafka(region); !k.At.IsZero() {
			brokerMetrics(out, region, k, now)
		}
		r, ok := m.w.house.Layout.Platform.Region(region)
		if !ok || m.w.house.Layout.MirrorZone(region) == "" {
			continue
		}
		mirrorMetrics(out, m.w.house.Facts.Mirror(r.Pair, region), now)
		mirrorMetrics(out, m.w.house.Facts.Mirror(region, r.Pair), now)
	}
}

func brokerMetrics(out chan<- prometheus.Metric, region string, k fact.Kafka, now time.Time) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{region}, labels...)...)
	}
	below, under, offline := k.Partitions()
	gauge(kafkaBelow, float64(below))
	gauge(kafkaUnder, float64(under))
	gauge(kafkaOffline, float64(offline))
	gauge(kafkaAge, now.Sub(k.At).Seconds())
	for _, b := range k.Brokers {
		gauge(kafkaUp, one(b.Registered && now.Sub(b.Seen) <= fact.NodeSilent), strconv.Itoa(int(b.Node)))
	}
	for _, g := range k.Groups {
		if g.Lag >= 0 {
			gauge(kafkaGroups, float64(g.Lag), g.Name, g.State)
		}
	}
}

func mirrorMetrics(out chan<- prometheus.Metric, m fact.KafkaMirror, now time.Time) {
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, v, append(labels, m.From, m.To)...)
	}
	tell(mirrorSent, prometheus.CounterValue, float64(m.Sent))
	tell(mirrorGot, prometheus.CounterValue, float64(m.Received))
	tell(mirrorTwice, prometheus.CounterValue, float64(m.Duplicates))
	tell(mirrorGaps, prometheus.GaugeValue, float64(m.Gaps))
	tell(mirrorLag, prometheus.GaugeValue, m.Lag.Seconds())
	if !m.At.IsZero() {
		tell(mirrorFresh, prometheus.GaugeValue, now.Sub(m.At).Seconds())
	}
	for _, t := range m.Topics {
		if t.Records < 0 { // nobody knows
			continue
		}
		tell(mirrorTopic, prometheus.GaugeValue, float64(t.Records), t.Name)
	}
}
