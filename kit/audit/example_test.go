package audit_test

import (
	"context"
	"fmt"
	"os"

	"github.com/greenlang/fournines/kit/audit"
)

func Example() {
	dir, _ := os.MkdirTemp("", "audit-") // an application has a place of its own that outlives it
	defer os.RemoveAll(dir)              //nolint:errcheck // of an example

	trail, err := audit.Open(audit.Options{URL: "http://server.invalid:9999", Token: "the application's token", Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer trail.Close() //nolint:errcheck // what was not sent, the next process sends
	err = trail.Record(context.Background(), audit.Event{
		Tenant: "acme", Actor: "user-7", Action: "customer.created", Subject: "customer-42",
		Person: "customer-42", Personal: map[string]string{"email": "ada@example.com"},
	})
	fmt.Println("on disk:", err == nil, trail.Stats().Pending > 0)
	// Output: on disk: true true
}
