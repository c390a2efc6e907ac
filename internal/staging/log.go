package staging

import (
	"bufio"
	"io"
	"os"
	"strings"
)

// lastFailure returns the last reason that a server's log names for its end; empty: none.
func lastFailure(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close() //nolint:errcheck // nothing was written
	const most = 256 << 10
	if info, err := f.Stat(); err == nil && info.Size() > most {
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return ""
		}
	}
	last := ""
	for s := bufio.NewScanner(f); s.Scan(); {
		for _, level := range []string{"FATAL:  ", "PANIC:  "} {
			// Whoever asks whether the server is ready is told that it is not; that is no reason.
			if _, text, ok := strings.Cut(s.Text(), level); ok && !strings.HasPrefix(text, "the database system is") {
				last = text
			}
		}
	}
	return last[:min(len(last), 400)]
}

// lastLine returns the last line of a short log.
func lastLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.TrimSpace(string(b))
	last := all[strings.LastIndexByte(all, '\n')+1:]
	return last[:min(len(last), 400)]
}
