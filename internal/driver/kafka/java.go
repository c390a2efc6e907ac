package kafka

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Java is how Kafka's programs are started on this machine.
type Java struct {
	Program string   `json:"program,omitempty"` // the JVM; empty: Kafka is not installed
	Jars    []string `json:"jars,omitempty"`    // class path, in the order of the archive
	Archive string   `json:"archive,omitempty"` // classes of a broker as the JVM likes them; empty: it starts slower
}

// FindJava returns what the engines' folder holds of Kafka.
func FindJava(root string) (Java, error) {
	dir := filepath.Join(root, "kafka")
	j := Java{Program: filepath.Join(dir, "java"), Archive: filepath.Join(dir, "classes.jsa")}
	var err error
	if j.Jars, err = filepath.Glob(filepath.Join(dir, "libs", "*.jar")); err != nil {
		return Java{}, fmt.Errorf("list Kafka's libraries in %s: %w", dir, err)
	}
	slices.Sort(j.Jars)
	if j.Version() == "" {
		return Java{}, fmt.Errorf("Kafka is not installed in %s: it has no kafka_2.13 among its libraries", dir) //nolint:staticcheck // a name
	}
	if _, err := os.Stat(j.Program); err != nil {
		return Java{}, fmt.Errorf("the Java that Kafka was installed with is gone: %w", err)
	}
	if _, err := os.Stat(j.Archive); err != nil {
		j.Archive = ""
	}
	return j, nil
}

// Version returns Kafka's version, empty when there is none.
func (j Java) Version() string {
	for _, jar := range j.Jars {
		if v, ok := strings.CutPrefix(filepath.Base(jar), "kafka_2.13-"); ok {
			return strings.TrimSuffix(v, ".jar")
		}
	}
	return ""
}

// A broker's heap, and the mirror's at most: it takes 64 MB unless records are large. The page
// cache does the rest of Kafka's work.
const (
	brokerHeap = "192m"
	mirrorHeap = "256m"
)

// options are the JVM with what each of Kafka's programs is started with: one collector and one
// compiler thread, small stacks and little compiled code, because several share a small machine.
func (j Java) options(heap string) []string {
	a := []string{j.Program, "-Xmx" + heap, "-Xms32m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=48m", "-XX:+ExitOnOutOfMemoryError", "-Dlog4j2.configurationFile={home}/log4j2.properties"}
	if j.Archive != "" {
		a = append(a, "-XX:SharedArchiveFile="+j.Archive, "-Xshare:auto")
	}
	return append(a, "-cp", strings.Join(j.Jars, ":"))
}

// Broker returns the JVM of a broker, without the program and its arguments: see [Start].
func (j Java) Broker() []string { return j.options(brokerHeap) }

// Logging is log4j2.properties of a unit: warnings and worse, to standard output.
func Logging() string {
	return properties([][2]string{
		{"status", "warn"},
		{"appender.out.type", "Console"}, {"appender.out.name", "out"},
		{"appender.out.layout.type", "PatternLayout"}, {"appender.out.layout.pattern", "%d{yyyy-MM-dd'T'HH:mm:ss.SSSX}{UTC} %p %c{1} %m%n"},
		{"rootLogger.level", "warn"}, {"rootLogger.appenderRef.out.ref", "out"},
		// It says at every round which connection it could not make; the facts say it better.
		{"logger.network.name", "org.apache.kafka.clients.NetworkClient"}, {"logger.network.level", "error"},
	})
}
