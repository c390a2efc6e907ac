package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// peer is a proxy that others wrote, started from its binary in the foreground, with one
// thread where it lets one choose.
type peer struct {
	name, path string
	config     func(p ports, pem, upstream string) string
	args       func(config string) []string
}

// ports are where a peer listens; some know in advance what is spoken where.
type ports struct{ h1, h2c, tls string }

func peers(o options) []peer {
	return []peer{
		{"haproxy", o.haproxy, haproxyConfig, func(c string) []string { return []string{"-db", "-f", c} }},
		{"nginx", o.nginx, nginxConfig, func(c string) []string { return []string{"-c", c, "-p", filepath.Dir(c), "-e", "stderr"} }},
		{"caddy", o.caddy, caddyConfig, func(c string) []string { return []string{"run", "--config", c} }},
	}
}

func (p peer) start(o options, dir, pem, upstream string) (*proxy, error) {
	at, err := freePorts()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, p.name+".conf")
	if err := os.WriteFile(config, []byte(p.config(at, pem, upstream)), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(p.path, p.args(config)...)
	cmd.Stderr = os.Stderr
	cmd.Env = append(withLibraries(o.libraries), "HOME="+dir)
	return attach(p.name, cmd, at)
}

// freePorts returns addresses that nobody listens at.
func freePorts() (at ports, err error) {
	for _, a := range []*string{&at.h1, &at.h2c, &at.tls} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return at, err
		}
		*a = l.Addr().String()
		defer l.Close() // all at once, so that they differ
	}
	return at, nil
}

func haproxyConfig(p ports, pem, upstream string) string {
	return fmt.Sprintf(`global
    nbthread 1
    maxconn 4000
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    option http-keep-alive
    option forwardfor
    http-reuse always
frontend front
    bind %s
    bind %s proto h2
    bind %s ssl crt %s alpn h2,http/1.1
    default_backend back
backend back
    option httpchk GET /healthz
    server a %s check inter 10s fall 3 rise 2
`, p.h1, p.h2c, p.tls, pem, upstream)
}

func nginxConfig(p ports, pem, upstream string) string {
	user := ""
	if os.Getuid() == 0 {
		user = "user root root;\n"
	}
	return fmt.Sprintf(user+`daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events { worker_connections 4000; }
http {
    access_log off;
    client_body_temp_path tmp1; proxy_temp_path tmp2; fastcgi_temp_path tmp3; uwsgi_temp_path tmp4; scgi_temp_path tmp5;
    keepalive_requests 1000000000;
    upstream back { server %s; keepalive 1024; keepalive_requests 1000000000; }
    server {
        listen %s;
        listen %s http2;
        listen %s ssl http2;
        ssl_certificate %s;
        ssl_certificate_key %s;
        ssl_protocols TLSv1.2 TLSv1.3;
        location / {
            proxy_pass http://back;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
        }
    }
}
`, upstream, p.h1, p.h2c, p.tls, pem, pem)
}

func caddyConfig(p ports, pem, upstream string) string {
	type object map[string]any
	server := func(listen ...string) object {
		return object{
			"listen": listen, "protocols": []string{"h1", "h2", "h2c"}, "automatic_https": object{"disable": true},
			"routes": []object{{"handle": []object{{
				"handler": "reverse_proxy", "upstreams": []object{{"dial": upstream}},
				"health_checks": object{"active": object{"uri": "/healthz", "interval": "10s"}},
				"transport":     object{"protocol": "http", "compression": false, "keep_alive": object{"max_idle_conns_per_host": 4096}},
			}}}},
		}
	}
	secure := server(p.tls)
	secure["tls_connection_policies"] = []object{{}}
	b, err := json.Marshal(object{
		"admin": object{"disabled": true, "config": object{"persist": false}}, "logging": object{"logs": object{"default": object{"level": "ERROR"}}},
		"apps": object{
			"http": object{"servers": object{"plain": server(p.h1, p.h2c), "secure": secure}},
			"tls":  object{"certificates": object{"load_files": []object{{"certificate": pem, "key": pem}}}},
		},
	})
	if err != nil {
		panic(err) // strings and lists always marshal
	}
	return string(b)
}
