package kafka

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// What a broker keeps below its directory: who it is, and what it has voted for.
const (
	metaFile    = "data/meta.properties"
	quorumState = "data/__cluster_metadata-0/quorum-state"
)

// readStorage tells whether a broker's storage says that it is this broker's. An error says that
// nobody could look, which proves no damage.
func readStorage(home, cluster string, node int32) (is storage, why string, err error) {
	b, err := os.ReadFile(filepath.Join(home, metaFile))
	if errors.Is(err, fs.ErrNotExist) {
		return storageNone, "", nil
	} else if err != nil {
		return storageNone, "", err
	}
	if why := metaWrong(string(b), cluster, node); why != "" {
		return storageBroken, why, nil
	}
	return storageSound, "", nil
}

// metaWrong says what in a meta.properties cannot be this broker's; "": nothing.
func metaWrong(text, cluster string, node int32) string {
	is := map[string]string{}
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(k, "#") {
			is[k] = v
		}
	}
	for key, want := range map[string]string{"version": "1", "cluster.id": cluster, "node.id": strconv.Itoa(int(node))} {
		if is[key] != want {
			return fmt.Sprintf("%s is %q instead of %q", key, is[key], want)
		}
	}
	if id, there := is["directory.id"]; there {
		if b, err := base64.RawURLEncoding.DecodeString(id); err != nil || len(b) != 16 {
			return fmt.Sprintf("directory.id %q is no id", id)
		}
	}
	return ""
}
