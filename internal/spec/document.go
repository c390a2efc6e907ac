package spec

import (
	"strings"
)

// Document is a platform together with where its values stand in the file.
type Document struct {
	Platform *Platform
	Name     string // of the file
	at       positions
}

// position is a place in a file; both count from 1, columns in characters.
type position struct{ line, column int }

// positions says where the value of each path begins.
type positions map[string]position

// near returns where a path's value begins, or the nearest thing around it.
func (p positions) near(path string) position {
	for {
		if at, ok := p[path]; ok {
			return at
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return position{1, 1}
		}
		path = path[:i]
	}
}

// Line returns the line on which a path's value begins, or that of the nearest thing around it.
func (d *Document) Line(path string) int { return d.at.near(path).line }

// Read reads and validates a platform document; name appears in errors.
// An unusable document is an [Errors] with everything that is wrong.
func Read(name string, b []byte) (*Document, error) {
	var p Platform
	d, err := newSource(platformForm, name, b).fill(&p, func() []Problem { return Validate(&p) })
	if err != nil {
		return nil, err
	}
	return &Document{Platform: &p, Name: name, at: d.at}, nil
}

// CheckTargets is the function [CheckTargets] with the lines that each finding rests on.
func (d *Document) CheckTargets() []Contradiction {
	all := CheckTargets(d.Platform)
	for i := range all {
		for _, path := range all[i].Paths {
			all[i].Lines = append(all[i].Lines, d.Line(path))
		}
	}
	return all
}
