package console

import (
	"fmt"
	"slices"

	"github.com/greenlang/fournines/internal/api"
)

// Sizes of the drawing, in its own units: 1 is a CSS pixel when 1080 wide.
const (
	boxWidth   = 268.0
	boxHeight  = 46.0
	columnStep = 360.0
	rowStep    = 78.0
	leftMargin = 46.0
	topMargin  = 36.0
)

// topology is the drawing of a region: a column per zone, a row per engine, and components
// without a zone on top. Positions follow from the spec alone, so nothing jumps.
type topology struct {
	Width, Height float64
	Columns       []column
	Boxes         []box
	Wires         []wire
}

type column struct {
	Name          string
	X, Y          float64
	Width, Height float64
}

// box is one component, placed.
type box struct {
	api.Component
	X, Y, Width, Height float64
}

// wire is one link, as the path of an SVG.
type wire struct {
	api.Relation
	Path string
	X, Y float64 // of its label
	Show bool    // whether there is room for the label
}

// rows is the order of kinds from what customers meet to what holds the data.
func rows() []string {
	return []string{"server", "edge", "greenlang", "postgres", "redis", "sentinel", "kafka", "mirror", "etcd", "node"}
}

// drawTopology places a region's components and links.
func drawTopology(r api.Region) topology {
	free := regionWide(r)
	slots, first := max(1, len(r.Zones), len(free)), 0.0
	if len(free) > 0 {
		first = rowStep // the zones begin under what has none
	}
	kinds := kindRows(r)
	t := topology{
		Width:  leftMargin*2 + columnStep*float64(slots-1) + boxWidth,
		Height: topMargin + first + float64(len(kinds))*rowStep + 8,
	}
	for i, zone := range r.Zones {
		t.Columns = append(t.Columns, column{Name: zone, X: slotX(i) - 20, Y: first + 10, Width: boxWidth + 40, Height: t.Height - first - 14})
	}
	place := map[string]box{}
	for _, c := range r.Components {
		b := box{Component: c, Width: boxWidth, Height: boxHeight, Y: 10}
		if i := slices.Index(free, c.ID); i >= 0 {
			b.X = slotX((slots-len(free)+1)/2 + i)
		} else {
			b.X = slotX(slices.Index(r.Zones, c.Zone))
			b.Y = topMargin + first + float64(slices.Index(kinds, c.Kind))*rowStep
		}
		place[c.ID] = b
		t.Boxes = append(t.Boxes, b)
	}
	for _, l := range r.Links {
		from, okFrom := place[l.From]
		to, okTo := place[l.To]
		if okFrom && okTo {
			t.Wires = append(t.Wires, drawWire(l, from, to))
		}
	}
	return t
}

// slotX is where the boxes of a column begin.
func slotX(slot int) float64 { return leftMargin + float64(slot)*columnStep }

// regionWide are the ids of what belongs to no declared zone, the edge first.
func regionWide(r api.Region) []string {
	var ids []string
	for _, c := range r.Components {
		switch {
		case slices.Contains(r.Zones, c.Zone):
		case c.Kind == "edge":
			ids = slices.Insert(ids, 0, c.ID)
		default:
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// kindRows are the kinds that zones have: the known ones in their order, then any others.
func kindRows(r api.Region) []string {
	var kinds []string
	present := func(kind string) bool {
		return slices.ContainsFunc(r.Components, func(c api.Component) bool { return c.Kind == kind && slices.Contains(r.Zones, c.Zone) })
	}
	for _, kind := range rows() {
		if present(kind) {
			kinds = append(kinds, kind)
		}
	}
	for _, c := range r.Components {
		if slices.Contains(r.Zones, c.Zone) && !slices.Contains(kinds, c.Kind) {
			kinds = append(kinds, c.Kind)
		}
	}
	return kinds
}

// drawWire connects two boxes: along the row through the gap between columns,
// under the row when a column lies between, or from one row down to another.
func drawWire(l api.Relation, from, to box) wire {
	w := wire{Relation: l}
	switch {
	case from.Y != to.Y:
		if from.Y > to.Y {
			from, to = to, from
		}
		x1, y1, x2, y2 := from.X+from.Width/2, from.Y+from.Height, to.X+to.Width/2, to.Y
		half := (y2 - y1) / 2
		w.Path = fmt.Sprintf("M%.0f %.0fC%.0f %.0f %.0f %.0f %.0f %.0f", x1, y1, x1, y1+half, x2, y2-half, x2, y2)
		w.X, w.Y = (x1+x2)/2, (y1+y2)/2+3
		w.Show = l.Label != "" && half < rowStep/2 // a long way down has other boxes under its middle
	default:
		if from.X > to.X {
			from, to = to, from
		}
		x1, x2, y := from.X+from.Width, to.X, from.Y+from.Height/2
		if x2-x1 < columnStep {
			w.Path = fmt.Sprintf("M%.0f %.0fH%.0f", x1, y, x2)
			w.X, w.Y, w.Show = (x1+x2)/2, y-6, l.Label != ""
			return w
		}
		x1, x2, y = from.X+from.Width-24, to.X+24, from.Y+from.Height
		w.Path = fmt.Sprintf("M%.0f %.0fC%.0f %.0f %.0f %.0f %.0f %.0f", x1, y, x1+40, y+22, x2-40, y+22, x2, y)
		w.X, w.Y, w.Show = (x1+x2)/2, y+26, l.Label != ""
	}
	return w
}
