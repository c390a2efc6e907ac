package front

import "encoding/binary"

const settingSize = 6

// dedupe rewrites the payload of a SETTINGS frame so that no parameter is in it twice,
// and returns its new length in bytes. Parameters are processed in the order they appear
// and only the last value stays (RFC 9113, section 6.5.3), but a forbidden value is an
// error wherever it is, so such a one is kept.
func dedupe(f frame, payload []byte) int {
	if f.has(flagAck) || f.stream != 0 || len(payload)%settingSize != 0 || len(payload) <= settingSize {
		return len(payload)
	}
	at := make(map[uint16]int, 8) // where its only copy is
	kept := 0
	for i := 0; i < len(payload); i += settingSize {
		s := payload[i : i+settingSize]
		id := binary.BigEndian.Uint16(s)
		old, again := at[id]
		if !again {
			old, kept = kept, kept+settingSize
			at[id] = old
		} else if !lawful(id, binary.BigEndian.Uint32(payload[old+2:])) {
			continue
		}
		copy(payload[old:], s)
	}
	return kept
}

// lawful says whether a parameter may have a value (RFC 9113, section 6.5.2).
func lawful(id uint16, value uint32) bool {
	switch id {
	case 0x2: // ENABLE_PUSH
		return value <= 1
	case 0x4: // INITIAL_WINDOW_SIZE
		return value < 1<<31
	case 0x5: // MAX_FRAME_SIZE
		return value >= 1<<14 && value < 1<<24
	}
	return true
}
