// Package console is the door for people: server-rendered pages over the same
// shapes the API answers with (package api), live by server-sent events.
//
// It is the kit of that door: what is around every page, live streams, forms, the navigation, the
// palette, and the words and drawings that pages share; and the pages of what belongs to no wing.
// A page is a value, [Page]: a wing's own are in its door, with their templates, and are handed to
// [New]. Several doors share a page by a [Panel] each.
//
// It decides how facts are drawn and worded, and nothing else. A page reads and acts only through
// the source that its door was given, so a page can be drawn from a fixture, and no effect can
// bypass the control that records it. Package consoletest is that fixture.
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
// Rows: the faces of 7.1.1 (regions and pairs), 7.1.10 and 7.1.11 (health and breakers as facts of
// a component), 7.1.12 (availability and error budget).
//
// It never authenticates (the wiring does, before it), never keeps state between
// requests, never reads a clock but Options.Now, and never talks to an engine.
//
// Where things are: page.go and form.go say what a page is; a page is one file that loads it
// (overview.go, operations.go, …) and one template of the same name.
package console
