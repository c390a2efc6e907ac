package node

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// Host is the account under which units run on this machine.
type Host struct {
	UID, GID int                    // -1: as ourselves
	Held     func(home string) bool // tells that a unit must not be started now; nil: never
}

// EngineUser is the account that engines run as when we are root, because
// PostgreSQL refuses to be root and nothing else needs to be.
const EngineUser = "fournines"

// ThisHost determines the account for units.
func ThisHost() (Host, error) {
	if os.Getuid() != 0 {
		return Host{UID: -1, GID: -1}, nil
	}
	u, err := user.Lookup(EngineUser)
	if err != nil {
		return Host{}, fmt.Errorf("engines cannot run as root and there is no user %q: run `make engines` as root, which makes it: %w", EngineUser, err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err1 != nil || err2 != nil {
		return Host{}, fmt.Errorf("user %q has no numeric id", EngineUser)
	}
	return Host{UID: uid, GID: gid}, nil
}

func (h Host) own(path string) error {
	if h.UID < 0 {
		return nil
	}
	return os.Chown(path, h.UID, h.GID)
}
