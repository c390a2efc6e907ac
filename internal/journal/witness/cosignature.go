package witness

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// algCosignature is the signature type of Ed25519 cosignature/v1.
const algCosignature = 0x04

// statement is what a cosignature signs: the text, as it was seen at a time in seconds.
func statement(text string, seconds uint64) []byte {
	return []byte("cosignature/v1\ntime " + strconv.FormatUint(seconds, 10) + "\n" + text)
}

func keyID(name string, key ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"+string(rune(algCosignature))), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// verifierKey renders the public key as a vkey.
func verifierKey(name string, key ed25519.PublicKey) string {
	return fmt.Sprintf("%s+%08x+%s", name, keyID(name, key), base64.StdEncoding.EncodeToString(append([]byte{algCosignature}, key...)))
}

// cosignatureLine renders one signature line of a note.
func cosignatureLine(name string, key ed25519.PrivateKey, text string, at time.Time) string {
	seconds := uint64(max(0, at.Unix())) //nolint:gosec // not negative
	public, _ := key.Public().(ed25519.PublicKey)
	b := binary.BigEndian.AppendUint32(nil, keyID(name, public))
	b = binary.BigEndian.AppendUint64(b, seconds)
	b = append(b, ed25519.Sign(key, statement(text, seconds))...)
	return "— " + name + " " + base64.StdEncoding.EncodeToString(b) + "\n"
}

// Cosigner is a witness as verifiers know it. It implements [note.Verifier].
type Cosigner struct {
	name string
	key  ed25519.PublicKey
}

var _ note.Verifier = Cosigner{}

// ParseCosigner reads a witness's vkey of type 0x04.
func ParseCosigner(vkey string) (Cosigner, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	id, material, _ := strings.Cut(rest, "+")
	b, err := base64.StdEncoding.DecodeString(material)
	if err != nil || len(b) != 1+ed25519.PublicKeySize || b[0] != algCosignature || !validName(name) {
		return Cosigner{}, fmt.Errorf("%q is not the verifier key of an Ed25519 cosigner: want NAME+HASH+BASE64 of type 0x04", clip(vkey))
	}
	c := Cosigner{name, b[1:]}
	if id != fmt.Sprintf("%08x", c.KeyHash()) {
		return Cosigner{}, fmt.Errorf("verifier key %q: its hash should be %08x: a character was lost or changed", clip(vkey), c.KeyHash())
	}
	return c, nil
}

// validName is what https://c2sp.org/signed-note allows as a key's name.
func validName(name string) bool {
	return name != "" && len(strings.Fields(name)) == 1 && strings.TrimSpace(name) == name && !strings.Contains(name, "+") && strings.ToValidUTF8(name, "") == name
}

// Name implements [note.Verifier].
func (c Cosigner) Name() string { return c.name }

// KeyHash implements [note.Verifier].
func (c Cosigner) KeyHash() uint32 { return keyID(c.name, c.key) }

// Verify implements [note.Verifier].
func (c Cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(sig)
	return seconds < 1<<63 && ed25519.Verify(c.key, statement(string(text), seconds), sig[8:])
}

// String returns the vkey.
func (c Cosigner) String() string { return verifierKey(c.name, c.key) }
