package front

import "encoding/binary"

// kind is a frame's type (RFC 9113, section 6).
type kind uint8

const (
	data         kind = 0x0
	headers      kind = 0x1
	priority     kind = 0x2
	reset        kind = 0x3
	settings     kind = 0x4
	ping         kind = 0x6
	goAway       kind = 0x7
	windowUpdate kind = 0x8
	continuation kind = 0x9
)

const (
	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

// code is an error code (RFC 9113, section 7).
type code uint32

const (
	protocolError    code = 0x1
	frameSizeError   code = 0x6
	compressionError code = 0x9
	enhanceYourCalm  code = 0xb
)

const (
	headerSize = 9
	// maxFrame is the SETTINGS_MAX_FRAME_SIZE that clients are told, the least there is.
	maxFrame = 16 << 10
)

// frame is the header of one.
type frame struct {
	length int
	kind   kind
	flags  uint8
	stream uint32
}

func parseFrame(b []byte) frame {
	return frame{
		length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
		kind:   kind(b[3]), flags: b[4],
		stream: binary.BigEndian.Uint32(b[5:]) &^ (1 << 31),
	}
}

func (f frame) has(flag uint8) bool { return f.flags&flag != 0 }

func (f frame) append(b []byte) []byte {
	b = append(b, byte(f.length>>16), byte(f.length>>8), byte(f.length), byte(f.kind), f.flags)
	return binary.BigEndian.AppendUint32(b, f.stream)
}
