package main

import (
	"os/exec"
	"strings"

	"github.com/greenlang/fournines/bench/child"
)

// proxy is one process under measurement.
type proxy struct {
	*child.Process
	name    string
	address map[mode]string
	field   string // that its requests have besides; "": none
}

// spawn starts this program in a role.
func spawn(name string, args ...string) (*proxy, error) {
	p, line, err := child.Self(args...)
	if err != nil {
		return nil, err
	}
	plain, secure, _ := strings.Cut(line, " ")
	return &proxy{Process: p, name: name, address: map[mode]string{h1: plain, h2c: plain, tlsH1: secure, tlsH2: secure}}, nil
}

// attach starts a peer's process and waits until it listens everywhere.
func attach(name string, cmd *exec.Cmd, at ports) (*proxy, error) {
	p, err := child.Start(cmd, at.h1, at.h2c, at.tls)
	if err != nil {
		return nil, err
	}
	return &proxy{Process: p, name: name, address: map[mode]string{h1: at.h1, h2c: at.h2c, tlsH1: at.tls, tlsH2: at.tls}}, nil
}
