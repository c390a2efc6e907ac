package console

import (
	"fmt"

	"github.com/greenlang/fournines/internal/api"
)

// Sizes of the traffic chart, in its own units.
const (
	chartWidth  = 960.0
	chartHeight = 96.0
	chartSlots  = 60 // minutes
)

// traffic is an hour of requests, a bar a minute, what failed drawn over it.
type traffic struct {
	Bars     []bar
	Peak     uint64 // requests of the busiest minute
	Requests uint64
	Failed   uint64
	Width    float64
	Height   float64
}

// bar is one minute.
type bar struct {
	api.Minute
	X, Width         float64
	Y, Height        float64
	FailY, FailSized float64
	Title            string
}

// drawTraffic scales minutes to the busiest. A minute with any failure shows at
// least two units of it: one failed request in ten thousand must be seen.
func drawTraffic(minutes []api.Minute) traffic {
	if len(minutes) > chartSlots {
		minutes = minutes[len(minutes)-chartSlots:]
	}
	t := traffic{Width: chartWidth, Height: chartHeight}
	for _, m := range minutes {
		t.Peak = max(t.Peak, m.Requests)
		t.Requests += m.Requests
		t.Failed += m.Failed
	}
	if t.Peak == 0 {
		return t
	}
	slot := chartWidth / chartSlots
	first := chartSlots - len(minutes)
	for i, m := range minutes {
		b := bar{Minute: m, X: float64(first+i)*slot + 1.5, Width: slot - 3}
		b.Height = float64(m.Requests) / float64(t.Peak) * chartHeight
		b.Y = chartHeight - b.Height
		if m.Failed > 0 {
			b.FailSized = max(4, b.Height*float64(m.Failed)/float64(max(m.Requests, 1)))
			b.FailY = chartHeight - b.FailSized
		}
		b.Title = fmt.Sprintf("%s UTC: %s requests, %s failed", m.At.UTC().Format("15:04"), count(m.Requests), count(m.Failed))
		t.Bars = append(t.Bars, b)
	}
	return t
}
