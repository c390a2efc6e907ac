package up

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/pki"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wait"
)

// renewEvery is how often `up` looks whether certificates end soon; a look reads two files
// for each region.
const renewEvery = time.Hour

// Authority returns the certificate that clients of the edges trust.
func Authority(root string) string { return filepath.Join(root, "tls", pki.CertFile) }

// EnsureCertificates issues the edges' certificates where they are missing or end soon.
// Each is for the API, every cell and every region, since any edge answers for all, and
// for the edge's own address.
func EnsureCertificates(l place.Layout, now time.Time) error {
	_, zone, _ := strings.Cut(place.APIName, ".")
	a, err := pki.Open(filepath.Dir(Authority(l.Root)), zone, now)
	if err != nil {
		return err
	}
	for _, region := range l.Regions {
		if _, err := a.Ensure(l.EdgeCertificate(region), []string{place.APIName, "*." + place.APIName, "localhost", l.IP(region, "")}); err != nil {
			return err
		}
	}
	return nil
}

// renew keeps the certificates valid until ctx ends. The edges read them when they change.
func (u *Up) renew(ctx context.Context, log func(error)) {
	wait.Every(ctx, renewEvery, func(context.Context) {
		if err := EnsureCertificates(u.Layout, time.Now()); err != nil {
			log(err)
		}
	})
}
