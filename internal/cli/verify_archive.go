package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/compliance/wiring/bucket"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/place"
)

// bucketScheme begins the address of an archive for --from; ownArchive is the installation's.
const (
	bucketScheme = "s3://"
	ownArchive   = "archive"
)

// bucketFlags say how a bucket is reached.
type bucketFlags struct {
	endpoint, region, credentials, ca string
	virtualHost                       bool
}

func (b *bucketFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&b.endpoint, "endpoint", "", "URL of the S3 endpoint of --from s3://BUCKET; AWS by default")
	f.StringVar(&b.region, "region", "", "what requests are signed for; us-east-1 by default")
	f.StringVar(&b.credentials, "credentials", "", "shared credentials file with the right to read the bucket")
	f.StringVar(&b.ca, "ca", "", "file with the endpoint's certificate authority in PEM")
	f.BoolVar(&b.virtualHost, "virtual-host", false, "the bucket is in the host name instead of the path")
}

// verifiedArchive is the answer of `journal verify --from s3://…`.
type verifiedArchive struct {
	OK bool `json:"ok"`
	archive.Audit
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
}

func isArchive(from string) bool { return from == ownArchive || strings.HasPrefix(from, bucketScheme) }

func (w world) verifyArchive(ctx context.Context, from, key, against string, b bucketFlags) error {
	begun := time.Now()
	o := archive.VerifyOptions{Read: archive.ReadTable, Key: strings.TrimSpace(key), Now: begun, Progress: w.verifying(begun)}
	if against != "" {
		text, err := os.ReadFile(against) //nolint:gosec // the operator names it
		if err != nil {
			return verb.Exitf(verb.Misused, "read the older checkpoint: %w", err)
		}
		o.Against = text
	}
	r, name, err := w.bucket(from, b, &o)
	if err != nil {
		return err
	}
	a, err := archive.Verify(ctx, r, name, o)
	switch {
	case errors.As(err, new(*journal.DamageError)):
		return verb.Exit(verb.Tampered, err)
	case errors.Is(err, archive.ErrEmpty) && from == ownArchive:
		return fmt.Errorf("%w; `fournines archive status` says what waits", err)
	case err != nil:
		return err
	}
	v := verifiedArchive{true, a, begun.UTC(), time.Since(begun).Seconds()}
	t := verb.Table{Head: []string{"VERIFIED", "ENTRIES", "PARTS", "OBJECTS", "LOCKED UNTIL", "ROOT", "SECONDS", "KEY"}, Wide: 7}
	t.Rows = [][]string{{"ok", fmt.Sprint(a.Size), fmt.Sprint(a.Parts), fmt.Sprint(a.Objects), a.Until.UTC().Format(time.RFC3339), a.Root, fmt.Sprintf("%.3f", v.Seconds), a.Audit.Key}}
	if err := w.Print(v, t, []string{strings.TrimSuffix(a.Checkpoint, "\n")}); err != nil {
		return err
	}
	for _, key := range a.Covered {
		w.Note("something else was laid over the locked version of %s; the locked one is what was verified", key)
	}
	return nil
}

// bucket opens what --from names.
func (w world) bucket(from string, b bucketFlags, o *archive.VerifyOptions) (archive.Reader, string, error) {
	if from == ownArchive {
		return w.ownBucket(o)
	}
	if o.Key == "" {
		return nil, "", verb.Exit(verb.Misused, errors.New("a bucket needs --key: its own word about itself proves nothing; take the line in the file key.pub of the journal"))
	}
	if b.credentials == "" {
		return nil, "", verb.Exit(verb.Misused, errors.New("a bucket needs --credentials, a shared credentials file with aws_access_key_id and aws_secret_access_key below [default]"))
	}
	name, prefix, _ := strings.Cut(strings.TrimPrefix(from, bucketScheme), "/")
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	r, err := bucket.OpenForeign(bucket.Foreign{Endpoint: b.endpoint, Region: b.region, Bucket: name, Prefix: prefix, CredentialsFile: b.credentials, CAFile: b.ca, VirtualHost: b.virtualHost})
	return r, from, err
}

func (w world) ownBucket(o *archive.VerifyOptions) (archive.Reader, string, error) {
	_, layout, err := place.LoadInstallation(w.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("there is no installation in %s; name a bucket with --from s3://BUCKET", w.Data)
	}
	if err != nil {
		return nil, "", err
	}
	secrets, err := place.LoadSecrets(w.Data)
	if err != nil {
		return nil, "", err
	}
	if o.Key == "" {
		b, err := os.ReadFile(filepath.Join(layout.JournalDir(), "key.pub"))
		if err != nil {
			return nil, "", fmt.Errorf("read the journal's key: %w; give it with --key", err)
		}
		o.Key = strings.TrimSpace(string(b))
	}
	r, err := bucket.OpenOwn(layout, secrets)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w; the object store has not run yet: start the platform with `fournines up`", err)
	}
	if err != nil {
		return nil, "", err
	}
	return r, "archive " + r.Place().String(), nil
}
