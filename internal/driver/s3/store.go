package s3

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

// Options name a bucket and how to reach it.
type Options struct {
	Endpoint    string // URL; empty means AWS
	Region      string // us-east-1 by default
	Bucket      string
	Credentials Credentials
	CAFile      string // PEM of the endpoint's certificate authority; the system's ones by default
	// VirtualHost puts the bucket into the host name, as AWS prefers. By default it is in
	// the path, which every endpoint understands.
	VirtualHost bool
	Attempts    int           // of each request, 5 by default
	Stall       time.Duration // longest wait for something that does not move, 30 s by default
	MaxBackoff  time.Duration // longest wait between two attempts, 5 s by default
}

// Store is one bucket as an archive. It may be used by many goroutines.
type Store struct {
	client           *awss3.Client
	endpoint, bucket string
	region           string
	stall            time.Duration
}

// New returns a store; nothing is asked of the endpoint yet.
func New(o Options) (*Store, error) {
	if o.Bucket == "" {
		return nil, errors.New("use object store: no bucket is named")
	}
	if o.Credentials.AccessKey == "" || o.Credentials.SecretKey == "" {
		return nil, fmt.Errorf("use object store %s: no credentials; give a file with both keys", o.Endpoint)
	}
	if u, err := url.Parse(o.Endpoint); o.Endpoint != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("use object store: its endpoint must be http://HOST:PORT or https://HOST:PORT, without credentials")
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	o.Attempts, o.Stall, o.MaxBackoff = orDefault(o.Attempts, 5), orDefault(o.Stall, 30*time.Second), orDefault(o.MaxBackoff, 5*time.Second)
	client, err := transport(o)
	if err != nil {
		return nil, err
	}
	c := o.Credentials
	options := awss3.Options{
		Region: o.Region, UsePathStyle: !o.VirtualHost, HTTPClient: client, Retryer: retryer(o),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.AccessKey, SecretAccessKey: c.SecretKey, SessionToken: c.SessionToken, Source: "fournines"}, nil
		}),
		// Digests are ours, given with each put and checked with each get.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	s := &Store{endpoint: o.Endpoint, bucket: o.Bucket, region: o.Region, stall: o.Stall}
	if o.Endpoint == "" {
		s.endpoint = "AWS " + o.Region
	} else {
		options.BaseEndpoint = &o.Endpoint
	}
	s.client = awss3.New(options)
	return s, nil
}

// Endpoint is where the bucket is, for people.
func (s *Store) Endpoint() string { return s.endpoint }

// Bucket is the bucket's name.
func (s *Store) Bucket() string { return s.bucket }

func retryer(o Options) aws.Retryer {
	r := retry.NewStandard(func(so *retry.StandardOptions) {
		so.MaxAttempts, so.MaxBackoff, so.RateLimiter = o.Attempts, o.MaxBackoff, ratelimit.None
	})
	return retry.AddWithErrorCodes(r, "ConditionalRequestConflict", "OperationAborted")
}

// unsignedBody leaves the body out of the signature: the SHA-256 that travels in a
// signed header covers it, so hashing it once more would prove nothing.
func unsignedBody(o *awss3.Options) {
	o.APIOptions = append(o.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
}

func orDefault[T int | time.Duration](v, d T) T {
	if v <= 0 {
		return d
	}
	return v
}
