package spec

import (
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Archive is where the journal is kept so that nobody can change it (rows 7.8.5, 7.2.3).
// Without a bucket it is the installation's own object store.
type Archive struct {
	Endpoint        string    `json:"endpoint,omitempty" yaml:"endpoint,omitempty" jsonschema_description:"URL of an S3 endpoint with object lock, such as https://s3.example.com; AWS itself when only a bucket is given"`
	Region          string    `json:"region,omitempty" yaml:"region,omitempty" jsonschema_description:"what requests are signed for; us-east-1 when absent"`
	Bucket          string    `json:"bucket,omitempty" yaml:"bucket,omitempty" jsonschema_description:"made with versioning and object lock when it is missing; the installation's own object store when absent"`
	Prefix          string    `json:"prefix,omitempty" yaml:"prefix,omitempty" jsonschema_description:"what every key begins with, ending in a slash, where the bucket holds other things too; each installation needs a bucket of its own"`
	CredentialsFile string    `json:"credentialsFile,omitempty" yaml:"credentialsFile,omitempty" jsonschema_description:"absolute path of a shared credentials file, readable by its owner alone"`
	CAFile          string    `json:"caFile,omitempty" yaml:"caFile,omitempty" jsonschema_description:"absolute path of the endpoint's certificate authority in PEM; the system's ones when absent"`
	VirtualHost     bool      `json:"virtualHost,omitempty" yaml:"virtualHost,omitempty" jsonschema_description:"put the bucket into the host name, as AWS prefers; by default it is in the path (path style)"`
	Retention       Retention `json:"retention,omitempty" yaml:"retention,omitempty" jsonschema_description:"how long nobody can delete what is archived; 2557d, seven years, when absent, and 1d at least"`
	Within          Duration  `json:"within,omitempty" yaml:"within,omitempty" jsonschema_description:"longest time that an entry waits to be archived; 1h when absent"`
}

const minWithin = Duration(time.Second)

// External tells whether the archive is a bucket of somebody else.
func (a Archive) External() bool { return a.Bucket != "" }

// archive checks where the journal is kept.
func (v *validator) archive() {
	const path = "spec.archive."
	a := v.spec.Archive
	external := map[string]bool{"endpoint": a.Endpoint != "", "region": a.Region != "", "prefix": a.Prefix != "", "credentialsFile": a.CredentialsFile != "", "caFile": a.CAFile != "", "virtualHost": a.VirtualHost}
	if !a.External() {
		for _, name := range []string{"endpoint", "region", "prefix", "credentialsFile", "caFile", "virtualHost"} {
			if external[name] {
				v.fail(path+name, "name the bucket too, or leave both out for the installation's own object store", nil, "is given without a bucket")
				break
			}
		}
	} else if a.CredentialsFile == "" {
		v.fail(path+"bucket", "write credentialsFile, the absolute path of a shared credentials file", nil, "is given without credentials")
	}
	if u, err := url.Parse(a.Endpoint); a.Endpoint != "" && (err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https")) {
		v.fail(path+"endpoint", "write http://HOST:PORT or https://HOST:PORT, without credentials", nil, "is %q", a.Endpoint)
	}
	if a.Prefix != "" && (!strings.HasSuffix(a.Prefix, "/") || strings.HasPrefix(a.Prefix, "/") || strings.Contains(a.Prefix, "//")) {
		v.fail(path+"prefix", "it ends in one slash and does not begin with one, for example journal/", nil, "is %q", a.Prefix)
	}
	v.absolute(path+"credentialsFile", a.CredentialsFile)
	v.absolute(path+"caFile", a.CAFile)
	if a.Within != 0 && a.Within < minWithin {
		v.fail(path+"within", "1s is the least: each part makes several objects", nil, "is %s", a.Within)
	}
}

func (v *validator) absolute(path, file string) {
	if file != "" && !filepath.IsAbs(file) {
		v.fail(path, "write an absolute path: the server's directory is not yours", nil, "is %q", file)
	}
}
