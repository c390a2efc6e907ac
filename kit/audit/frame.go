package audit

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// A frame is one event in the spool. The magic lets a reader find the next frame behind
// damage.
const (
	frameMagic  = "\xfaFE\x01"
	frameHeader = 4 + 4 + 4 // magic, length, CRC-32C of length and payload
	maxFrame    = 128 << 10 // no event is larger
)

func checksum(length, payload []byte) uint32 {
	t := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(length, t), t, payload)
}

func frameOf(payload []byte) []byte {
	out := append([]byte{}, frameMagic...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(payload))) //nolint:gosec // bounded by Check
	out = binary.LittleEndian.AppendUint32(out, checksum(out[4:8], payload))
	return append(out, payload...)
}

// frame is one frame that was read, or what stands where one should.
type frame struct {
	payload []byte // nil: damaged
	size    int    // bytes it takes in the spool
	torn    bool   // the bytes end in the middle of it, and nothing follows
}

// readFrame reads the frame at the beginning of b, which is not empty. Of damage it
// covers all up to the next whole frame.
func readFrame(b []byte) frame {
	if payload, ok := wholeFrame(b); ok {
		return frame{payload: payload, size: frameHeader + len(payload)}
	}
	for at := 1; ; at++ {
		next := bytes.Index(b[at:], []byte(frameMagic))
		if next < 0 {
			return frame{size: len(b), torn: cutShort(b)}
		}
		at += next
		if _, ok := wholeFrame(b[at:]); ok {
			return frame{size: at}
		}
	}
}

func wholeFrame(b []byte) ([]byte, bool) {
	if len(b) < frameHeader || string(b[:4]) != frameMagic {
		return nil, false
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if n > maxFrame || int(n) > len(b)-frameHeader {
		return nil, false
	}
	payload := b[frameHeader : frameHeader+int(n)]
	return payload, checksum(b[4:8], payload) == binary.LittleEndian.Uint32(b[8:])
}

// cutShort tells whether b is the beginning of a frame that would go on behind it: what
// a write leaves that never returned.
func cutShort(b []byte) bool {
	if len(b) < frameHeader {
		return true
	}
	n := binary.LittleEndian.Uint32(b[4:])
	return string(b[:4]) == frameMagic && n <= maxFrame && int(n) > len(b)-frameHeader
}
