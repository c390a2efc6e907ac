package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A frame is [length u32][CRC-32C of the payload u32][payload], little endian.
const frameHeader = 8

var errFrame = errors.New("broken frame")

func castagnoli(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

func appendFrame(dst, payload []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload))) //nolint:gosec // bounded by MaxEntryBytes
	dst = binary.LittleEndian.AppendUint32(dst, castagnoli(payload))
	return append(dst, payload...)
}

// nextFrame splits the first frame off b.
func nextFrame(b []byte) (payload, rest []byte, err error) {
	if len(b) < frameHeader {
		return nil, nil, errFrame
	}
	n := int(binary.LittleEndian.Uint32(b))
	if n == 0 || n > MaxEntryBytes || len(b)-frameHeader < n {
		return nil, nil, errFrame
	}
	payload = b[frameHeader : frameHeader+n]
	if castagnoli(payload) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, nil, errFrame
	}
	return payload, b[frameHeader+n:], nil
}

// hasFrame tells whether a whole frame starts anywhere in b. It separates a torn
// tail (none follows) from damage inside the log (some does).
func hasFrame(b []byte) bool {
	for i := 0; i+frameHeader < len(b); i++ {
		if _, _, err := nextFrame(b[i:]); err == nil {
			return true
		}
	}
	return false
}
