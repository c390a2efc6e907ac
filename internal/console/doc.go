// Package console is the door for people: server-rendered pages over the same
// shapes the API answers with (package api), live by server-sent events.
//
// It decides how facts are drawn and worded, and nothing else. What it shows
// comes from a [Source], what it does goes through [Actions]; both are given by
// the wiring, so a page can be drawn from a fixture and an effect can never pass
// around the control that records it.
//
// Invariants:
//
//   - Two axes for every component, in sync and healthy, never merged into one
//     green; each status is a shape and a word before it is a colour.
//   - Every figure that has journal indexes links to the entries behind it.
//   - Every button shows, before it can be pressed, the equal command, the blast
//     radius and what will be verified. States are shown as recorded, never ahead
//     of the record: requested, approved, running, verified.
//   - Every page is readable and every verb usable without JavaScript. Live
//     updates replace parts of a page and leave focus and typed text alone.
//   - Content comes from this binary only (Content-Security-Policy default-src
//     'self', nothing unsafe); a POST from another origin is refused.
//   - At most [PageSize] rows a page.
//
// Rows: the faces of 7.1.1 (regions and pairs), 7.1.8 (could it fail over now, and
// to whom), 7.1.10 and 7.1.11 (health and breakers as facts of a component),
// 7.1.12 (availability and error budget), 7.8.5 (the journal and its proof).
//
// It never authenticates (the wiring does, before it), never keeps state between
// requests, never reads a clock but Options.Now, and never talks to an engine.
//
// Where things are: a page is one row in screens.go, one file that loads it
// (overview.go, region.go, …) and one template of the same name; a verb is one
// handler in verbs.go and the words of its plan in plan.go.
package console
