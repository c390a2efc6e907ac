// Package runbook executes runbooks: what people do when something is wrong, written so that a
// program can carry it out and a person can read it at three in the morning (row 7.2.7).
//
// A [Runbook] is a YAML document (`kind: Runbook`) after the ideas of AWS Systems Manager
// Automation, schema 0.3: inputs, and steps that ask for an action, for approvals, or for a
// person's own hands; each with a time limit, retries, a way on, and a way on after a failure.
// [Contacts] (`kind: Contacts`) are the people, their rotations and the escalation policies.
// [Read] is strict, with line, caret and "did you mean"; [Lint] finds what a schema cannot say.
// [Schema] is published for editors.
//
// A [Run] is one execution. Its document in the state is a fold of its entries in the journal,
// and the entries are the truth. [Next] decides, without an effect, what a run does next; an
// [Engine] does it. An action is an operation of package control with the key
// runbook:RUN:STEP:ATTEMPT: the intent is in the journal before the operation is requested, its
// outcome after it has ended, and after a kill -9 at any moment the same key finds the same
// operation, so that each effect happens once. The document is part of the run's first entry:
// a file that changes later changes no run.
//
// A wing hands over what runbooks may ask of it as [Action]s. In practice mode an action that
// reaches customers is not requested: its guard is asked whether it would be done now.
//
// Files: document.go, step.go, contacts.go the forms; read.go, lint*.go, flow.go the judging;
// expr.go conditions and references; run.go, entries.go, fold.go the run; next.go the decider;
// engine.go, people.go the effects; library.go where documents come from; text*.go the printing.
package runbook
