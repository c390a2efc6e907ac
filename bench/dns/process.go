package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/greenlang/fournines/bench/child"
)

// server is one process under measurement.
type server struct {
	*child.Process
	name, address string
}

// spawnOurs starts this program as the name server.
func spawnOurs() (*server, error) {
	p, address, err := child.Self("-role", "ours")
	if err != nil {
		return nil, err
	}
	return &server{p, "fournines", address}, nil
}

const corefile = `greenlang.test:%s {
    bind 127.0.0.1
    multisocket
    file %s
}
`

const zone = `$ORIGIN greenlang.test.
@   30 IN SOA ns hostmaster 1 300 60 86400 30
@   300 IN NS ns
ns  300 IN A 127.1.0.1
api 5 IN A 127.1.0.1
`

// spawnCoreDNS starts CoreDNS in the foreground on a free port. Its TCP socket opens with
// that of UDP.
func spawnCoreDNS(program, dir string) (*server, error) {
	address, err := child.Free()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	zoneFile, conf := filepath.Join(dir, "zone"), filepath.Join(dir, "Corefile")
	if err := os.WriteFile(zoneFile, []byte(zone), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(conf, fmt.Appendf(nil, corefile, port, zoneFile), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "-conf", conf, "-quiet")
	cmd.Stderr = os.Stderr
	p, err := child.Start(cmd, address)
	if err != nil {
		return nil, err
	}
	return &server{p, "coredns", address}, nil
}
