package console

import (
	"context"
	"fmt"

	"github.com/greenlang/fournines/internal/api"
)

// platformPages are the pages of the platform as it is.
type platformPages struct{ api.Platform }

// PlatformPages show the platform at a glance, its regions, and the tasks in the background.
func PlatformPages(s api.Platform) []Page {
	p := platformPages{s}
	return []Page{
		{
			Name: "overview", Pattern: "/{$}", Section: "overview", Load: p.overview, Templates: embedded, Rank: 10,
			Parts: []string{"overview-figures", "overview-needs", "overview-work", "overview-regions", "overview-servers", "overview-traffic", "overview-trouble"},
			Nav:   &Nav{Word: "Overview", Key: "o"},
			Palette: func(context.Context, api.Status) ([]Link, error) {
				return []Link{{GoTo, "Overview", "g o", "/"}}, nil
			},
		},
		{
			Name: "tasks", Pattern: "/tasks", Section: "tasks", Load: p.tasks, Parts: []string{"tasks-list"}, Templates: embedded, Rank: 30,
			Nav: &Nav{Word: "Tasks", Key: "k"},
			Palette: func(context.Context, api.Status) ([]Link, error) {
				return []Link{{GoTo, "Tasks in the background", "g k", "/tasks"}}, nil
			},
		},
		{
			Name: "region", Pattern: "/regions/{key}", Section: "region", Load: p.region, Templates: embedded, Rank: 100,
			Parts: []string{"region-head", "region-topology", "region-readiness", "region-faults", "region-components"},
			Palette: func(_ context.Context, s api.Status) ([]Link, error) {
				var out []Link
				for _, r := range s.Regions {
					out = append(out, Link{GoTo, "Region " + r.Name, r.Role, "/regions/" + Segments(r.Name)})
				}
				return out, nil
			},
		},
	}
}

// regionSheet is one region and what runs there. The doors of wings add its actions as panels:
// region-readiness, region-faults and region-inject.
type regionSheet struct {
	Region   api.Region
	Topology topology
}

func (p platformPages) region(ctx context.Context, a Ask) (Sheet, error) {
	r, err := p.Region(ctx, a.Key)
	if err != nil {
		return Sheet{}, fmt.Errorf("read region %s: %w", a.Key, err)
	}
	return Sheet{Title: r.Name, Data: regionSheet{Region: r, Topology: drawTopology(r)}}, nil
}
