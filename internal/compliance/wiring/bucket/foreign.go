package bucket

import "github.com/greenlang/fournines/internal/driver/s3"

// Foreign is an archive that an auditor names, with nothing of ours beside it.
type Foreign struct {
	Endpoint, Region, Bucket, Prefix string
	CredentialsFile, CAFile          string
	VirtualHost                      bool
}

// OpenForeign opens an archive for reading.
func OpenForeign(f Foreign) (*Bucket, error) {
	keys, err := s3.LoadCredentials(f.CredentialsFile)
	if err != nil {
		return nil, err
	}
	return Open(s3.Options{Endpoint: f.Endpoint, Region: f.Region, Bucket: f.Bucket, Credentials: keys, CAFile: f.CAFile, VirtualHost: f.VirtualHost}, f.Prefix)
}
