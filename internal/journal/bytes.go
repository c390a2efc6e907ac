package journal

// AppendCanonical writes the bytes that an entry has in the log, which its leaf hash
// covers, behind dst. It refuses what Append would refuse. Nothing is stamped: a zero time
// is written as it is.
func AppendCanonical(dst []byte, e *Entry) ([]byte, error) { return appendEntry(dst, e) }

// Decode reads an entry's bytes back, and hashes them.
func Decode(index uint64, b []byte) (Record, error) { return decode(index, b) }
