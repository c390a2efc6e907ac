package route53

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awsroute53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// Options name a hosted zone and how to reach it.
type Options struct {
	Endpoint    string // URL; empty means AWS
	HostedZone  string // id
	Credentials aws.CredentialsProvider
	Attempts    int           // of each request, 5 by default
	MaxBackoff  time.Duration // longest wait between two attempts, 5 s by default
	Changes     int           // most changes of one batch, [MostChanges] by default
	Spread      time.Duration // between two looks whether a change has reached the name servers, 2 s by default
}

// Zone is one hosted zone.
type Zone struct {
	client *awsroute53.Client
	opt    Options
}

// New returns a zone; nothing is asked of the endpoint yet.
func New(o Options) (*Zone, error) {
	if o.HostedZone == "" || o.Credentials == nil {
		return nil, errors.New("use hosted zone: its id and credentials are needed; write spec.routing.route53")
	}
	if u, err := url.Parse(o.Endpoint); o.Endpoint != "" && (err != nil || u.Host == "" || u.User != nil) {
		return nil, errors.New("use hosted zone: its endpoint must be http://HOST:PORT or https://HOST:PORT, without credentials")
	}
	if o.Attempts <= 0 {
		o.Attempts = 5
	}
	if o.MaxBackoff <= 0 {
		o.MaxBackoff = 5 * time.Second
	}
	if o.Changes <= 1 || o.Changes > MostChanges {
		o.Changes = MostChanges
	}
	if o.Spread <= 0 {
		o.Spread = 2 * time.Second
	}
	options := awsroute53.Options{
		Region: "us-east-1", Credentials: o.Credentials, // Route 53 is one for the world
		Retryer: retry.NewStandard(func(so *retry.StandardOptions) { so.MaxAttempts, so.MaxBackoff = o.Attempts, o.MaxBackoff }),
	}
	if o.Endpoint != "" {
		options.BaseEndpoint = &o.Endpoint
	}
	return &Zone{client: awsroute53.New(options), opt: o}, nil
}

// Read returns what the zone says, and every health check of the account.
func (z *Zone) Read(ctx context.Context) (Have, error) {
	var out Have
	zone, err := z.client.GetHostedZone(ctx, &awsroute53.GetHostedZoneInput{Id: &z.opt.HostedZone})
	if err != nil {
		return out, z.fail("read", err)
	}
	if zone.HostedZone == nil || aws.ToString(zone.HostedZone.Name) == "" {
		return out, z.fail("read", errors.New("the answer holds no zone"))
	}
	out.Zone = unescape(aws.ToString(zone.HostedZone.Name))
	references := map[string]string{}
	if out.Checks, err = z.checks(ctx); err != nil {
		return out, z.fail("list health checks for", err)
	}
	for _, c := range out.Checks {
		references[c.ID] = c.Reference
	}
	in := &awsroute53.ListResourceRecordSetsInput{HostedZoneId: &z.opt.HostedZone}
	for {
		page, err := z.client.ListResourceRecordSets(ctx, in)
		if err != nil {
			return out, z.fail("list records of", err)
		}
		for _, r := range page.ResourceRecordSets {
			out.Records = append(out.Records, recordOf(r, references))
		}
		if !page.IsTruncated {
			return out, nil
		}
		if page.NextRecordName == nil {
			return out, z.fail("list records of", errors.New("there are more, and the answer does not say from where"))
		}
		in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = page.NextRecordName, page.NextRecordType, page.NextRecordIdentifier
	}
}

// Look returns what is to be done until the zone says what is wanted.
func (z *Zone) Look(ctx context.Context, want Want) (Steps, error) {
	have, err := z.Read(ctx)
	if err != nil {
		return Steps{}, err
	}
	steps, err := Plan(want, have, z.opt.Changes)
	return steps, z.fail("change", err)
}

func (z *Zone) checks(ctx context.Context) ([]Check, error) {
	var out []Check
	pages := awsroute53.NewListHealthChecksPaginator(z.client, &awsroute53.ListHealthChecksInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, c := range page.HealthChecks {
			x := Check{Reference: referenceOf(aws.ToString(c.CallerReference)), ID: aws.ToString(c.Id)}
			if h := c.HealthCheckConfig; h != nil {
				x.Address, x.Port, x.Path = aws.ToString(h.IPAddress), int(aws.ToInt32(h.Port)), aws.ToString(h.ResourcePath)
			}
			out = append(out, x)
		}
	}
	return out, nil
}

// referenceOf returns a caller reference of ours without the word that makes it new.
func referenceOf(caller string) string {
	if i := strings.LastIndexByte(caller, '/'); strings.HasPrefix(caller, referencePrefix) && strings.Count(caller, "/") == 3 {
		return caller[:i]
	}
	return caller
}

// recordOf reads a record set; what we never write makes it unequal to what is wanted.
func recordOf(r types.ResourceRecordSet, references map[string]string) Record {
	out := Record{Name: unescape(aws.ToString(r.Name)), Type: string(r.Type), Set: aws.ToString(r.SetIdentifier), Region: string(r.Region), Weight: aws.ToInt64(r.Weight), TTL: aws.ToInt64(r.TTL)}
	for _, v := range r.ResourceRecords {
		out.Values = append(out.Values, aws.ToString(v.Value))
	}
	slices.Sort(out.Values)
	if id := aws.ToString(r.HealthCheckId); id != "" {
		if out.Check = references[id]; out.Check == "" {
			out.Check = gonePrefix + id
		}
	}
	var other []string
	if r.AliasTarget != nil {
		other = append(other, "an alias")
	}
	if r.Failover != "" || r.GeoLocation != nil || r.GeoProximityLocation != nil || r.CidrRoutingConfig != nil || aws.ToBool(r.MultiValueAnswer) {
		other = append(other, "another policy")
	}
	out.Other = strings.Join(other, ", ")
	return out
}

// gonePrefix begins what stands for a health check that is not there any more.
const gonePrefix = "gone "

// unescape undoes the octal escapes of names: Route 53 writes * and others so.
func unescape(name string) string {
	name = strings.ReplaceAll(name, `\052`, "*")
	if !strings.HasSuffix(name, ".") {
		name += "."
	}
	return name
}

func (z *Zone) fail(what string, err error) error {
	if err == nil {
		return nil
	}
	where := z.opt.Endpoint
	if where == "" {
		where = "AWS"
	}
	return fmt.Errorf("%s hosted zone %s at %s: %w", what, z.opt.HostedZone, where, err)
}
