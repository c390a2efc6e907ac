package door

import (
	"fmt"

	"github.com/greenlang/fournines/internal/runbook"
)

// Runbook is one runbook in a list.
type Runbook struct {
	Name    string         `json:"name"`
	Title   string         `json:"title"`
	Use     string         `json:"use" doc:"when to use it, and when not"`
	Steps   int            `json:"steps"`
	Inputs  []RunbookInput `json:"inputs"`
	Shipped bool           `json:"shipped" doc:"with the program; otherwise it is the installation's own"`
	Place   string         `json:"place" doc:"file in which it stands"`
	Digest  string         `json:"digest" doc:"names the version; a run keeps the one that it began with"`
}

// RunbookInput is a value that a person gives when a run begins.
type RunbookInput struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Description string   `json:"description"`
	Default     string   `json:"default,omitempty"`
	Required    bool     `json:"required"`
	Choices     []string `json:"choices,omitempty"`
}

// RunbookPage is a runbook as a person reads it.
type RunbookPage struct {
	Runbook
	Text   string `json:"text" doc:"the page for a terminal or for paper"`
	Source string `json:"source" doc:"the file"`
}

// RunbooksOf returns the runbooks of a library.
func RunbooksOf(l *runbook.Library) ([]Runbook, error) {
	out := []Runbook{}
	for _, name := range l.Names() {
		r, _ := l.Runbook(name)
		x, err := runbookOf(l, r)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func runbookOf(l *runbook.Library, r *runbook.Runbook) (Runbook, error) {
	_, at := l.Source(r.Metadata.Name)
	out := Runbook{Name: r.Metadata.Name, Title: r.Spec.Title, Use: r.Spec.Use, Steps: len(r.Spec.Steps), Inputs: []RunbookInput{}, Shipped: at.Shipped, Place: at.Place}
	for _, in := range r.Spec.Inputs {
		out.Inputs = append(out.Inputs, RunbookInput{in.Name, in.Type, in.Description, string(in.Default), in.Required(), in.Choices})
	}
	var err error
	out.Digest, err = r.Digest()
	return out, err
}

// PageOf returns a runbook of a library as a person reads it; false: there is none of the name.
func PageOf(l *runbook.Library, name string) (p RunbookPage, ok bool, err error) {
	r, ok := l.Runbook(name)
	if !ok {
		return p, false, nil
	}
	text, _ := l.Source(name)
	p = RunbookPage{Text: runbook.TextOf(r, l.Around), Source: string(text)}
	p.Runbook, err = runbookOf(l, r)
	if err != nil {
		return p, true, fmt.Errorf("show runbook %s: %w", name, err)
	}
	return p, true, nil
}
