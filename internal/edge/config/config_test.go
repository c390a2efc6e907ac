package config_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/edge/config"
)

const good = `{
  "version": 3, "region": "us-east-1", "cells": 12,
  "http": [{"name": "api", "listen": "127.1.0.1:8080",
    "targets": [{"name": "a", "address": "127.1.1.20:8080", "healthPath": "/healthz"}],
    "policy": {"probeEvery": "10s", "breakerFailures": 5}}],
  "tcp": [
    {"name": "db", "listen": "127.1.0.1:5432", "protocol": "postgres",
     "members": [{"name": "pg1", "address": "127.1.1.10:5432", "witness": "127.1.1.10:8008"}]},
    {"name": "cache", "listen": "127.1.0.1:6379", "protocol": "redis", "master": "main",
     "members": [{"name": "r1", "address": "127.1.1.11:6379", "witness": "127.1.1.11:26379"}]}]
}`

const tls = `"tls": {"certificates": [{"certFile": "/e/edge.pem", "keyFile": "/e/edge.pem"}]},`

func TestParse(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, from, to, want string }{
		{"good", "", "", ""},
		{"unknown field", `"cells"`, `"cels"`, `unknown field "cels"`},
		{"two documents", "}]\n}", "}]\n}{}", "something follows"},
		{"no version", `"version": 3`, `"version": 0`, "version is 0"},
		{"duplicate listen", "127.1.0.1:6379", "127.1.0.1:5432", `listen "127.1.0.1:5432" already belongs to service "db"`},
		{"duplicate name", `"name": "db"`, `"name": "api"`, `service "api" is declared twice`},
		{"not loopback", "127.1.0.1:8080", "0.0.0.0:8080", "is not a loopback address"},
		{"no port", "127.1.0.1:8080", "127.1.0.1", "is no address:port"},
		{"unknown protocol", `"postgres"`, `"mysql"`, `protocol "mysql" is unknown: use "postgres" or "redis"`},
		{"no targets", `{"name": "a", "address": "127.1.1.20:8080", "healthPath": "/healthz"}`, "", `"api" has no targets`},
		{"no members", `{"name": "pg1", "address": "127.1.1.10:5432", "witness": "127.1.1.10:8008"}`, "", `"db" has no members`},
		{"bad target", "127.1.1.20:8080", "127.1.1.20:0", `port "0" is not in 1-65535`},
		{"bad witness", "127.1.1.10:8008", "here", `witness "here"`},
		{"no master", `"master": "main",`, "", `is not a name the sentinels can know`},
		{"injected path", `"/healthz"`, `"/a b\r\nX: y"`, "must begin with / and hold no blanks"},
		{"injected name", `"name": "a"`, `"name": "a\r\nX: y"`, "must be a word"},
		{"https", `"listen": "127.1.0.1:8080",`, `"listen": "127.1.0.1:8080", "listenTLS": "127.1.0.1:8443",` + tls, ""},
		{"https without certificates", `"listen": "127.1.0.1:8080",`, `"listen": "127.1.0.1:8080", "listenTLS": "127.1.0.1:8443",`, "there is no tls: name certificates"},
		{"https where http is", `"listen": "127.1.0.1:8080",`, `"listen": "127.1.0.1:8080", "listenTLS": "127.1.0.1:8080",` + tls, `already belongs to service "api"`},
		{"https where tcp is", `"listen": "127.1.0.1:8080",`, `"listen": "127.1.0.1:8080", "listenTLS": "127.1.0.1:5432",` + tls, `already belongs to service "api"`},
		{"no certificates", `"region"`, `"tls": {"certificates": []}, "region"`, "it names no certificate"},
		{"relative file", `"region"`, `"tls": {"certificates": [{"certFile": "a.pem", "keyFile": "/a.pem"}]}, "region"`, `file "a.pem" is no absolute path`},
		{"negative duration", `"10s"`, `"-10s"`, "probeEvery cannot be negative"},
		{"bad duration", `"10s"`, `"ten"`, "read duration"},
		{"bounds", `"protocol": "postgres",`, `"protocol": "postgres", "policy": {"sessions": 78, "roleSessions": 70, "beside": ["probe"]},`, ""},
		{"a negative bound", `"protocol": "postgres",`, `"protocol": "postgres", "policy": {"sessions": -1},`, "cannot be negative"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(good, c.from, strings.TrimSuffix(c.to, tls), 1)
			if strings.HasSuffix(c.to, tls) {
				text = strings.Replace(text, "{", "{"+tls, 1)
			}
			if c.from != "" && text == good {
				t.Fatalf("%q is not in the document", c.from)
			}
			_, err := config.Parse([]byte(text))
			if c.want == "" && err != nil {
				t.Fatal(err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

// FuzzParse: whatever is accepted is valid and survives being written.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`{"version":1,"http":[{"policy":{"timeout":"1h"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse(data)
		if err != nil {
			return
		}
		written, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := config.Parse(written)
		if err != nil {
			t.Fatalf("%v in %s", err, written)
		}
		rewritten, err := json.Marshal(again)
		if err != nil || !reflect.DeepEqual(written, rewritten) {
			t.Fatalf("%s became %s, %v", written, rewritten, err)
		}
	})
}
