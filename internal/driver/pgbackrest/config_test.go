package pgbackrest_test

import (
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/driver/pgbackrest"
)

func valid() pgbackrest.Stanza {
	return pgbackrest.Stanza{
		Name: "us-east-1", Program: "/usr/bin/pgbackrest", Home: "{home}", Data: "{home}/data", SocketDir: "{home}", Port: 5432, User: "postgres", Password: `p:w\d`,
		Repository: pgbackrest.Repository{
			Endpoint: "objects.example:9000", Bucket: "backups", Path: "/us-east-1", AccessKey: "key", SecretKey: "secret", CAFile: "{home}/ca.pem", Passphrase: strings.Repeat("x", 20),
		},
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	config, passwords, err := valid().Config()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"repo1-s3-endpoint=objects.example", "repo1-storage-port=9000", "repo1-storage-verify-tls=y", "repo1-cipher-type=aes-256-cbc", "repo1-s3-uri-style=path",
		"repo1-retention-full=9999999", "expire-auto=n", "archive-async=n", "archive-push-queue-max=4GiB", "archive-timeout=60", "io-timeout=30", "compress-type=zst", "[us-east-1]", "pg1-port=5432",
	} {
		if !strings.Contains(config, line+"\n") {
			t.Errorf("it has no %s", line)
		}
	}
	for line := range strings.Lines(config) { // nothing outside the home
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if strings.HasSuffix(name, "-path") && name != "repo1-path" && !strings.HasPrefix(value, "{home}") {
			t.Errorf("%s is %s", name, value)
		}
	}
	if passwords != "*:*:*:postgres:p\\:w\\\\d\n" {
		t.Errorf("%q", passwords)
	}
	s := valid()
	s.Home, s.Program = "/it's 100%", "/opt/a b"
	if got, want := s.Parameters()["archive_command"], `'/opt/a b' --config='/it'\''s 100%%/pgbackrest.conf' --stanza=us-east-1 archive-push "%p"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if s.Parameters()["archive_timeout"] != "60s" || s.Parameters()["archive_mode"] != "on" || s.Rules()[0] != "local all postgres scram-sha-256" {
		t.Errorf("%v %v", s.Parameters(), s.Rules())
	}
}

func TestConfigRefusesWhatWouldBeReadOtherwise(t *testing.T) {
	t.Parallel()
	for word, change := range map[string]func(*pgbackrest.Stanza){
		"name":       func(s *pgbackrest.Stanza) { s.Name = "a b" },
		"user":       func(s *pgbackrest.Stanza) { s.User = "" },
		"bucket":     func(s *pgbackrest.Stanza) { s.Repository.Bucket = "x\nrepo1-cipher-type=none" },
		"endpoint":   func(s *pgbackrest.Stanza) { s.Repository.Endpoint = "https://x:1" },
		"no valid":   func(s *pgbackrest.Stanza) { s.Repository.Endpoint = "x:70000" },
		"passphrase": func(s *pgbackrest.Stanza) { s.Repository.Passphrase = "short" },
		"line break": func(s *pgbackrest.Stanza) { s.Repository.SecretKey = "a\nb" },
		"keys":       func(s *pgbackrest.Stanza) { s.Repository.AccessKey = "" },
		"absolute":   func(s *pgbackrest.Stanza) { s.Data = "data" },
		"too long":   func(s *pgbackrest.Stanza) { s.SocketDir = "/" + strings.Repeat("d", 100) },
		"port":       func(s *pgbackrest.Stanza) { s.Port = 0 },
	} {
		s := valid()
		change(&s)
		if _, _, err := s.Config(); err == nil || !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), "a\nb") {
			t.Errorf("%s: %v", word, err)
		}
	}
}
