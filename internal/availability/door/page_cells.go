package door

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/console"
)

// Sizes of the cell map, in its own units.
const (
	cellWidth  = 104.0
	cellHeight = 58.0
	cellGap    = 12.0
	cellsRow   = 12 // in a row
)

// cellsSheet is the map of cells and what is lost with each part.
type cellsSheet struct {
	Map    cellMap
	Blast  []blastRow
	All    int
	Target float64 // the largest share of customers that one failure may reach (row 7.5.4)
}

// blastRow says who is failed when a part is lost.
type blastRow struct {
	What   string
	Cells  int
	Share  float64
	Within bool   // of the target
	Then   string // what brings them back
}

// cellMap is the cells drawn: a group for each region that serves, a box for each cell.
type cellMap struct {
	Width, Height float64
	Groups        []cellGroup
}

type cellGroup struct {
	Name, Word          string
	X, Y, Width, Height float64
	Cells               []cellBox
}

// cellBox is one cell, placed.
type cellBox struct {
	Number     int
	Home       string
	X, Y       float64
	Moved      bool // served elsewhere than at home
	Measured   *api.Measured
	Tone, Word string
}

func (p pages) cells(ctx context.Context, a console.Ask) (console.Sheet, error) {
	homes, err := p.homeCards(ctx, a)
	if err != nil {
		return console.Sheet{}, err
	}
	e, err := p.figures.Evidence(ctx, api.EvidenceFilter{From: a.Now.Add(-24 * time.Hour), To: a.Now, Of: "both"})
	if err != nil {
		return console.Sheet{}, fmt.Errorf("compute evidence: %w", err)
	}
	s := cellsSheet{Map: drawCells(homes, e.Cells, e.Target), Target: a.Status.Availability.BlastTarget}
	for _, h := range homes {
		s.All = h.All
	}
	lose := func(what string, cells int, then string) {
		part := share(cells, s.All)
		s.Blast = append(s.Blast, blastRow{What: what, Cells: cells, Share: part, Within: part <= s.Target, Then: then})
	}
	lose("one cell", 1, "a change goes cell by cell and stops at the first that fails")
	for _, g := range serving(homes) {
		lose("region "+g.name, len(g.cells), "evacuation to "+g.to)
	}
	return console.Sheet{Title: "Cells", Data: s}, nil
}

type served struct {
	name, to string
	cells    []int
	homes    []homeCard
}

// serving groups homes by the region that serves them, in order.
func serving(homes []homeCard) []served {
	var out []served
next:
	for _, h := range homes {
		for i := range out {
			if out[i].name == h.Serving {
				out[i].cells, out[i].homes = slices.Concat(out[i].cells, h.Cells), append(out[i].homes, h)
				continue next
			}
		}
		out = append(out, served{name: h.Serving, to: h.Plan.To, cells: h.Cells, homes: []homeCard{h}})
	}
	return out
}

// drawCells places the cells. Positions follow from numbers alone, so nothing jumps.
func drawCells(homes []homeCard, measured []api.Measured, target float64) cellMap {
	var m cellMap
	y := 0.0
	for _, g := range serving(homes) {
		rows := (len(g.cells) + cellsRow - 1) / cellsRow
		group := cellGroup{Name: g.name, Word: console.Many(len(g.cells), "cell", "cells"), X: 0, Y: y, Height: float64(rows)*(cellHeight+cellGap) + 34}
		at := 0
		for _, h := range g.homes {
			for _, c := range h.Cells {
				box := cellBox{
					Number: c, Home: h.Region, Moved: h.Region != g.name,
					X: 14 + float64(at%cellsRow)*(cellWidth+cellGap), Y: y + 28 + float64(at/cellsRow)*(cellHeight+cellGap),
				}
				box.judge(measured, target)
				group.Cells = append(group.Cells, box)
				at++
			}
		}
		group.Width = 16 + float64(min(len(g.cells), cellsRow))*(cellWidth+cellGap)
		m.Groups = append(m.Groups, group)
		m.Width = max(m.Width, group.Width)
		y += group.Height + 14
	}
	m.Height = y
	return m
}

// judge gives a cell the word and tone of its last 24 hours.
func (b *cellBox) judge(measured []api.Measured, target float64) {
	b.Word, b.Tone = "nobody asked", "mute"
	for i, m := range measured {
		if m.Cell == nil || *m.Cell != b.Number || m.Customer == nil {
			continue
		}
		b.Measured, b.Word, b.Tone = &measured[i], console.Share(m.Customer, 3), "good"
		if api.Below(m.Customer, target) {
			b.Tone = "bad"
		}
	}
}
