package journal

import "fmt"

// Damage says how a journal is not what was acknowledged.
type Damage string

// The kinds of damage. A torn tail is none: it was never acknowledged, and is cut off.
const (
	BitRot     Damage = "bit-rot"     // bytes do not match their checksum or their hash
	Truncated  Damage = "truncated"   // the log ends before what was acknowledged
	Missing    Damage = "missing"     // a file is gone
	Replaced   Damage = "replaced"    // an entry is not the one that was acknowledged
	Unsigned   Damage = "checkpoint"  // the checkpoint is not one that the key signed
	WrongKey   Damage = "key"         // the signer's key is gone, or is another one
	RolledBack Damage = "rolled-back" // an older state than one that is known
	Forked     Damage = "forked"      // another history than one that is known
	Unlocked   Damage = "unlocked"    // an archived object that could be changed before its time
)

// DamageError is a journal whose bytes are not what was acknowledged.
type DamageError struct {
	Dir    string
	Index  uint64 // first entry that is not as it was
	Kind   Damage
	Detail string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("journal %s is damaged at entry %d (%s): %s; %s", e.Dir, e.Index, e.Kind, e.Detail, e.remedy())
}

func (e *DamageError) remedy() string {
	switch e.Kind {
	case WrongKey:
		return "put the files key and key.pub back from a copy; with another key it would be another log"
	case RolledBack:
		return "an older copy stands in its place; keep it as evidence and put the newest copy back"
	case Forked:
		return "two histories exist; keep both as evidence and find out who wrote the second"
	case Unlocked:
		return "find out who could change the object's lock, and lock it again while its content is still proved"
	default:
		return "keep the directory as evidence and restore it from a copy"
	}
}
