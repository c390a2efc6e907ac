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

// seal fills the header of a frame whose payload stands behind it.
func seal(frame []byte) {
	payload := frame[frameHeader:]
	binary.LittleEndian.PutUint32(frame, uint32(len(payload))) //nolint:gosec // bounded by MaxEntryBytes
	binary.LittleEndian.PutUint32(frame[4:], castagnoli(payload))
}

// splitFrame splits the first frame off b without a look at its checksum.
func splitFrame(b []byte) (frame, rest []byte, err error) {
	if len(b) < frameHeader {
		return nil, nil, errFrame
	}
	n := int(binary.LittleEndian.Uint32(b))
	if n == 0 || n > MaxEntryBytes || len(b)-frameHeader < n {
		return nil, nil, errFrame
	}
	return b[:frameHeader+n], b[frameHeader+n:], nil
}

// payloadOf returns the payload of a frame whose checksum holds.
func payloadOf(frame []byte) ([]byte, error) {
	payload := frame[frameHeader:]
	if castagnoli(payload) != binary.LittleEndian.Uint32(frame[4:]) {
		return nil, errFrame
	}
	return payload, nil
}

// nextFrame splits the first frame off b.
func nextFrame(b []byte) (payload, rest []byte, err error) {
	frame, rest, err := splitFrame(b)
	if err != nil {
		return nil, nil, err
	}
	payload, err = payloadOf(frame)
	return payload, rest, err
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
