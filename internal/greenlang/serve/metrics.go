package serve

import (
	"net/http"
	"strconv"
	"time"

	"github.com/greenlang/fournines/internal/greenlang/cache"
	"github.com/greenlang/fournines/internal/greenlang/store"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is what an instance counts, in a registry of its own.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	runs     *prometheus.CounterVec
	lookups  *prometheus.CounterVec
	failures *prometheus.CounterVec
}

func newMetrics(zone, version string) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	r := prometheus.WrapRegistererWith(prometheus.Labels{"zone": zone, "version": version}, m.registry)
	m.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "greenlang_request_seconds", Help: "Requests by route and status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"route", "code"})
	m.runs = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greenlang_runs_total", Help: "Runs acknowledged, created or replayed."}, []string{"outcome"})
	m.lookups = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greenlang_cache_lookups_total", Help: "Cache lookups by kind and result."}, []string{"kind", "result"})
	m.failures = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "greenlang_dependency_failures_total", Help: "Attempts at a dependency that failed for want of it."}, []string{"dependency"})
	r.MustRegister(m.requests, m.runs, m.lookups, m.failures)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// watch adds what is asked for at each scrape.
func (m *metrics) watch(s *store.Store, c *cache.Cache) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("greenlang_postgres_connections_used", "Connections in use.", func() float64 { used, _ := s.Connections(); return float64(used) })
	gauge("greenlang_postgres_connections", "Connections open.", func() float64 { _, total := s.Connections(); return float64(total) })
	gauge("greenlang_redis_breaker_open", "1 while Redis is left alone.", func() float64 {
		if c.Open() {
			return 1
		}
		return 0
	})
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// wrap counts requests by the route they matched, so that paths made up by
// clients cannot grow the metrics.
func (m *metrics) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin, sw := time.Now(), &statusWriter{ResponseWriter: w}
		next.ServeHTTP(sw, r)
		route := r.Pattern // set by the mux on the request it was given
		if route == "" {
			route = "none"
		}
		m.requests.WithLabelValues(route, strconv.Itoa(sw.code())).Observe(time.Since(begin).Seconds())
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}
