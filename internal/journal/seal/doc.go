// Package seal keeps personal data readable only as long as its subject's key exists, so
// that erasing a person destroys one key and changes no hash of the journal (rows 7.8.5
// and 7.8.3, GDPR article 17).
//
// Each data subject has a data key of 256 bits, wrapped by a master key. A value is sealed
// with AES-256-GCM; the subject, the entry's kind and the field's path are its additional
// data, so that a sealed value cannot be moved to another field. The journal holds
//
//	{"sealed":{"v":1,"subject":PSEUDONYM,"nonce":BASE64,"box":BASE64}}
//
// where the pseudonym is an HMAC of the subject's name under a key of this installation:
// without that key it says nothing, with it one finds a person's entries.
//
// [Sealer.Erase] is final and harmless when repeated. After it [Sealer.Open] gives an
// [ErasedError] with the time, and nothing can be sealed for that subject again: a person
// who comes back gets a new subject name.
//
// Erasing cannot reach the following; what helps:
//
//   - A backup of the key directory brings keys back. Keep the names of the erased in the
//     journal and call Erase for each of them after every restore.
//   - Overwriting a file does not reach old blocks on copying file systems and SSDs. Keys
//     that are left there are wrapped: [Directory.Rotate] replaces the master key, and
//     without the old one nobody can unwrap them.
//   - The pseudonym remains in the journal, and so does the length of what was sealed.
package seal
