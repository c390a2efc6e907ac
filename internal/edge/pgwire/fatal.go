package pgwire

import "encoding/binary"

// SQLSTATEs with which the edge refuses or ends a session.
const (
	// CannotConnectNow: no leader was found in time; nothing happened.
	CannotConnectNow = "57P03"
	// AdminShutdown: the session ends and nothing of it is in doubt: what the
	// client may have sent was not forwarded, an open transaction is rolled back.
	AdminShutdown = "57P01"
	// TooManyConnections: a bound is reached; nothing happened.
	TooManyConnections = "53300"
	// ResolutionUnknown: the session ends while an answer was owed; the
	// statement may or may not have been carried out.
	ResolutionUnknown = "08007"
)

// Fatal returns the ErrorResponse that ends a session.
func Fatal(state, message, detail, hint string) []byte {
	b := []byte{'E', 0, 0, 0, 0}
	for _, f := range []struct {
		code  byte
		value string
	}{{'S', "FATAL"}, {'V', "FATAL"}, {'C', state}, {'M', message}, {'D', detail}, {'H', hint}} {
		if f.value == "" {
			continue
		}
		b = append(b, f.code)
		b = append(b, f.value...)
		b = append(b, 0)
	}
	b = append(b, 0)
	binary.BigEndian.PutUint32(b[1:], uint32(len(b)-1))
	return b
}
