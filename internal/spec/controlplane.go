package spec

import (
	"fmt"
	"net/url"
	"strings"
)

// ControlPlane is what the servers decide with.
type ControlPlane struct {
	Etcd ExternalEtcd `json:"etcd,omitzero" yaml:"etcd,omitempty" jsonschema_description:"an etcd of somebody else; the servers' own when absent"`
}

// ExternalEtcd is an etcd cluster outside of the platform. It must take requests of 10 MiB
// (--max-request-bytes), and should compact its history by itself.
type ExternalEtcd struct {
	Endpoints       []string `json:"endpoints,omitempty" yaml:"endpoints,omitempty" jsonschema_description:"URLs of its members, such as https://etcd-1.example.com:2379"`
	Prefix          string   `json:"prefix,omitempty" yaml:"prefix,omitempty" jsonschema_description:"what every key begins with; each platform on one etcd needs one of its own; the platform's name when absent"`
	CAFile          string   `json:"caFile,omitempty" yaml:"caFile,omitempty" jsonschema_description:"absolute path of its certificate authority in PEM; the system's ones when absent"`
	CertificateFile string   `json:"certificateFile,omitempty" yaml:"certificateFile,omitempty" jsonschema_description:"absolute path of the client's certificate in PEM"`
	KeyFile         string   `json:"keyFile,omitempty" yaml:"keyFile,omitempty" jsonschema_description:"absolute path of the client's private key in PEM, readable by its owner alone"`
}

// Used tells whether one is named.
func (e ExternalEtcd) Used() bool { return len(e.Endpoints) > 0 }

// controlPlane checks the external etcd.
func (v *validator) controlPlane() {
	const path = "spec.controlPlane.etcd."
	e := v.spec.ControlPlane.Etcd
	if !e.Used() {
		for _, x := range []struct{ name, value string }{{"prefix", e.Prefix}, {"caFile", e.CAFile}, {"certificateFile", e.CertificateFile}, {"keyFile", e.KeyFile}} {
			if x.value != "" {
				v.fail(path+x.name, "name its endpoints too, or leave both out for the servers' own etcd", nil, "is given without endpoints")
			}
		}
		return
	}
	schemes := map[string]bool{}
	for i, text := range e.Endpoints {
		u, err := url.Parse(text)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Path != "" {
			v.fail(fmt.Sprintf("%sendpoints[%d]", path, i), "write it as https://HOST:PORT", nil, "is %q, which is no URL of an etcd member", text)
			continue
		}
		schemes[u.Scheme] = true
	}
	if len(schemes) > 1 {
		v.fail(path+"endpoints", "take https for all of them", nil, "mix http and https")
	}
	if strings.HasSuffix(e.Prefix, "/") {
		v.fail(path+"prefix", "leave the slash at its end out", nil, "is %q", e.Prefix)
	}
	v.absolute(path+"caFile", e.CAFile)
	v.absolute(path+"certificateFile", e.CertificateFile)
	v.absolute(path+"keyFile", e.KeyFile)
	if (e.CertificateFile == "") != (e.KeyFile == "") {
		v.fail(path+"certificateFile", "give certificateFile and keyFile, or neither", nil, "and keyFile belong together")
	}
}
