package place

import (
	"os"
	"path/filepath"
)

// Programs are the engines' programs on this machine, found and checked.
type Programs struct {
	PostgresBin string            `json:"postgres_bin"` // directory
	Patroni     string            `json:"patroni"`
	PgBackRest  string            `json:"pgbackrest,omitempty"` // empty: the installation is from before there were backups
	Redis       string            `json:"redis"`
	Kafka       Java              `json:"kafka,omitzero"`      // empty where it is not installed
	Libraries   string            `json:"libraries,omitempty"` // LD_LIBRARY_PATH of engines that were unpacked
	Versions    map[string]string `json:"versions"`
}

// Java is what runs Kafka, as its driver takes it.
type Java struct {
	Program string   `json:"program,omitempty"` // the JVM; empty: Kafka is not installed
	Jars    []string `json:"jars,omitempty"`    // class path, in the order of the archive
	Archive string   `json:"archive,omitempty"` // classes of a broker as the JVM likes them; empty: it starts slower
}

// EnginesRoot is where `make engines` puts what the machine lacks.
func EnginesRoot() string {
	if dir := os.Getenv("FOURNINES_ENGINES"); dir != "" {
		return dir
	}
	if os.Getuid() == 0 {
		return "/var/lib/fournines/engines"
	}
	data := os.Getenv("XDG_DATA_HOME")
	if data == "" {
		data = filepath.Join(os.Getenv("HOME"), ".local", "share")
	}
	return filepath.Join(data, "fournines", "engines")
}

// Env is the environment of engines. They do not inherit ours, which may hold secrets.
func (p *Programs) Env() []string {
	env := []string{"PATH=" + p.PostgresBin + ":/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC"}
	if p.Libraries != "" {
		env = append(env, "LD_LIBRARY_PATH="+p.Libraries)
	}
	return env
}
