// Package control is the only caller of effects: request → guard → approve → act →
// verify → record.
//
// An [Action] has an idempotency key; submitting it again returns the operation it
// already is. Its [Kind] is a list of steps. Before a step's effect begins, its
// intent is durable in the journal ("step.begun"); after it, its outcome
// ("step.ended"). So after a kill -9 at any moment [Control.Start] knows where each
// operation stood: it repeats the step that had begun, which must be harmless, and
// goes on; or, where the kind says that an old operation must not be resumed, it
// undoes the steps in reverse.
//
// An operation may wait for a person. Things change meanwhile, so its guard is asked again
// when one approves it, and [Control.Retire] ends it once its reason is gone.
//
// What must be undone or recorded is tried until it succeeds, however often that fails, and
// [Control.Troubles] says so meanwhile.
//
// Steps verify effects from outside rather than trust an engine's answer. One
// operation at a time works on a subject. [CrashPoint]s mark every boundary, and
// package crashtest kills a real process at each of them, for every kind.
package control
