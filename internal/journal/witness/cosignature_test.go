package witness

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal/durable"
	"github.com/greenlang/fournines/internal/journal/durable/crashdisk"
)

// Another implementation of cosignature/v1 accepts ours, and we accept its.
func TestCosignatureAgreesWithAnotherImplementation(t *testing.T) {
	t.Parallel()
	l := newLog(t, "example.com/log")
	l.grow(7, "a")
	d := crashdisk.New()
	k, err := ensureKey(d, "key", "witness.example/w1")
	if err != nil {
		t.Fatal(err)
	}
	text := l.text(7)
	at := time.Unix(1_679_315_147, 999)

	theirs, err := f_note.NewVerifierForCosignatureV1(k.Public().String())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open([]byte(text+"\n"+k.Cosign(text, at)), note.VerifierList(theirs))
	if err != nil {
		t.Fatalf("they refuse our cosignature: %v", err)
	}
	if seen, err := f_note.CoSigV1Timestamp(n.Sigs[0]); err != nil || seen.Unix() != at.Unix() {
		t.Fatalf("they read the time %v, %v", seen, err)
	}

	secret, err := d.Read("key")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := f_note.NewSignerForCosignatureV1(strings.TrimSpace(string(secret)))
	if err != nil {
		t.Fatalf("they refuse our key file: %v", err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := ParseCosigner(k.Public().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, note.VerifierList(ours)); err != nil {
		t.Fatalf("we refuse their cosignature: %v", err)
	}
}

func TestCosignatureCoversTextAndTime(t *testing.T) {
	t.Parallel()
	k, err := NewKey("witness.example/w1")
	if err != nil {
		t.Fatal(err)
	}
	l := newLog(t, "example.com/log")
	l.grow(3, "a")
	line := k.Cosign(l.text(3), time.Unix(1000, 0))
	verify := func(text, line string) bool {
		_, err := note.Open([]byte(text+"\n"+line), note.VerifierList(k.Public()))
		return err == nil
	}
	if !verify(l.text(3), line) {
		t.Fatal("the cosignature itself does not hold")
	}
	if verify(l.text(2), line) {
		t.Fatal("it holds for another text")
	}
	other, _ := NewKey("witness.example/w1")
	if verify(l.text(3), other.Cosign(l.text(3), time.Unix(1000, 0))) {
		t.Fatal("another key's holds")
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), keyFile)
	k, err := ensureKey(durable.OS{}, path, "w")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := os.Stat(path); err != nil || s.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", s.Mode(), err)
	}
	again, err := ensureKey(durable.OS{}, path, "w")
	if err != nil || !again.key.Equal(k.key) {
		t.Fatalf("another key after a restart: %v", err)
	}
	if _, err := ensureKey(durable.OS{}, path, "x"); err == nil {
		t.Fatal("a key took another name")
	}
	b, _ := os.ReadFile(path)
	secret := strings.SplitN(strings.TrimSpace(string(b)), "+", 5)[4] // base64 has a + of its own
	for _, damage := range [][]byte{{}, []byte("x"), b[:len(b)/2], bytes.Replace(b, []byte("+w+"), []byte("+v+"), 1)} {
		if err := os.WriteFile(path, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ensureKey(durable.OS{}, path, "w")
		if err == nil {
			t.Fatalf("a damaged key was read: %q", damage)
		}
		if strings.Contains(err.Error(), secret[:12]) {
			t.Fatalf("the error shows the secret: %v", err)
		}
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ensureKey(durable.OS{}, path, "w"); err == nil {
		t.Fatal("a key that everybody can read was used")
	}
}

func TestQuorum(t *testing.T) {
	t.Parallel()
	l := newLog(t, "example.com/log")
	l.grow(3, "a")
	signed, text := string(l.at(3)), l.text(3)
	var keys []Key
	var vkeys []string
	for _, name := range []string{"w/1", "w/2", "w/3"} {
		k, err := NewKey(name)
		if err != nil {
			t.Fatal(err)
		}
		keys, vkeys = append(keys, k), append(vkeys, k.Public().String())
	}
	at := time.Unix(1000, 0)
	one := keys[0].Cosign(text, at)
	two := one + keys[1].Cosign(text, at)
	alias := Key{"w/alias", keys[0].key}
	twice := append(vkeys[:1:1], alias.Public().String())
	stranger, _ := NewKey("w/stranger")
	tests := []struct {
		name  string
		lines string
		keys  []string
		k     int
		names int // -1: refused
	}{
		{"enough", two, vkeys, 2, 2},
		{"too few", one, vkeys, 2, -1},
		{"a stranger counts nothing", one + stranger.Cosign(text, at), vkeys, 2, -1},
		{"one signing twice", one + one + keys[0].Cosign(text, at.Add(time.Second)), vkeys, 2, -1},
		{"one key under two names", one + alias.Cosign(text, at), twice, 1, 1},
		{"one key under two names is no quorum of two", one + alias.Cosign(text, at), twice, 2, -1},
		{"a bad line hides no good one", keys[2].Cosign("another text\n", at) + two, vkeys, 2, 2},
		{"none asked for", two, vkeys, 0, -1},
		{"more asked for than there are", two, vkeys, 4, -1},
		{"the log's key is no witness", two, []string{l.vkey}, 1, -1},
	}
	for _, tt := range tests {
		names, err := Quorum([]byte(signed+tt.lines), tt.keys, tt.k)
		if (err == nil) != (tt.names >= 0) || (err == nil && len(names) != tt.names) {
			t.Errorf("%s: %v, %v", tt.name, names, err)
		}
	}
}

func FuzzParseCosigner(f *testing.F) {
	k, _ := NewKey("witness.example/w1")
	f.Add(k.Public().String())
	f.Add("a+00000000+")
	f.Add("+++")
	f.Fuzz(func(t *testing.T, vkey string) {
		c, err := ParseCosigner(vkey)
		if err != nil {
			return
		}
		if again, err := ParseCosigner(c.String()); err != nil || again.String() != c.String() {
			t.Fatalf("%q renders as %q, which reads as %v, %v", vkey, c, again, err)
		}
		c.Verify([]byte("text"), make([]byte, 72))
	})
}

func TestParseLogs(t *testing.T) {
	t.Parallel()
	a, b := newLog(t, "a"), newLog(t, "b")
	l, err := ParseLogs("# ours\nlog " + a.vkey + "\n\nlog " + b.vkey + " # second\n")
	if err != nil || len(l) != 2 || len(l["a"]) != 1 {
		t.Fatalf("%v, %v", l, err)
	}
	k, _ := NewKey("w")
	for _, bad := range []string{"log", "log x", a.vkey, "log " + a.vkey + " extra", "witness " + a.vkey,
		"log " + a.vkey + "\nlog " + a.vkey, "log " + k.Public().String()} {
		if _, err := ParseLogs(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
