// Package route53test runs a Route 53 for tests: moto's server, a process of its own.
package route53test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsroute53 "github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/greenlang/fournines/internal/platformtest/strict"
)

var running = regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)`)

// Launch starts a server; without the program the test is skipped, and says what is not
// proved. stop ends it.
func Launch(t *testing.T, unproved string) (address string, stop func()) {
	t.Helper()
	program := filepath.Join(os.Getenv("FOURNINES_ENGINES"), "moto", "bin", "moto_server")
	if _, err := os.Stat(program); err != nil {
		strict.Skip(t, unproved, "there is no moto in FOURNINES_ENGINES; run scripts/engines.sh test and set it to what scripts/engines.sh where prints")
	}
	cmd := exec.Command(program, "-H", "127.0.0.1", "-p", "0")
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := running.FindStringSubmatch(lines.Text()); m != nil {
			go func() { // it writes a line for each request
				for lines.Scan() {
					continue
				}
			}()
			return m[1], stop
		}
	}
	stop()
	t.Fatalf("moto printed no address: %v", lines.Err())
	return "", nil
}

// Someone are the credentials that the server takes: any.
var Someone = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
})

// Client asks the server about anything.
func Client(address string) *awsroute53.Client {
	return awsroute53.New(awsroute53.Options{Region: "us-east-1", Credentials: Someone, BaseEndpoint: &address})
}

// MakeZone makes a hosted zone and returns its id.
func MakeZone(t *testing.T, address, name, reference string) string {
	t.Helper()
	made, err := Client(address).CreateHostedZone(t.Context(), &awsroute53.CreateHostedZoneInput{Name: &name, CallerReference: &reference})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(*made.HostedZone.Id, "/hostedzone/")
}
