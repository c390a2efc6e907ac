package greenlang

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/greenlang/fournines/kit/cell"
)

// Cells is the number of cells a region's customers are spread over. Twelve,
// because nine (three clusters in three regions) are 11.1 % each, over the
// blast-radius bound of 10 %.
const Cells = 12

// Region is a home region: one that customers are assigned to.
type Region string

// HomeRegions returns the regions that customers may call home; the others are
// their pairs and hold copies only.
func HomeRegions() []Region { return []Region{"us-east-1", "eu-west-1", "ap-southeast-1"} }

// Plan is what a customer pays for.
type Plan string

// Plans returns the plans, cheapest first.
func Plans() []Plan { return []Plan{"free", "team", "business", "enterprise"} }

// NewCustomer is what a caller says to create a customer.
type NewCustomer struct {
	Tenant     string `json:"tenant" doc:"tenant name, unique on the platform" pattern:"^[a-z0-9][a-z0-9-]{1,62}$" example:"amber-harbor-17"`
	Plan       Plan   `json:"plan" enum:"free,team,business,enterprise"`
	HomeRegion Region `json:"home_region" enum:"us-east-1,eu-west-1,ap-southeast-1"`
}

// Customer is a tenant of the platform.
type Customer struct {
	ID string `json:"id" doc:"derived from the tenant name, so two regions never give one tenant two identities" example:"cus_3f2a9c0b7d1e4f5a6b7c"`
	NewCustomer
	Cell      int       `json:"cell" minimum:"0" maximum:"11" doc:"the cell it lives in, derived from the id"`
	CreatedAt time.Time `json:"created_at"`
}

var tenantForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,62}$`)

// CustomerID derives a customer's id from its tenant name. Deriving it makes
// creation idempotent without a key: the same tenant is the same customer.
func CustomerID(tenant string) string {
	sum := sha256.Sum256([]byte("customer/" + tenant))
	return "cus_" + hex.EncodeToString(sum[:10])
}

// Customer returns the customer that n describes, created at the given time, or
// an error that names the field that is wrong.
func (n NewCustomer) Customer(created time.Time) (Customer, error) {
	if !tenantForm.MatchString(n.Tenant) {
		return Customer{}, fmt.Errorf("check customer: tenant %q must match %s", n.Tenant, tenantForm)
	}
	if !slices.Contains(Plans(), n.Plan) {
		return Customer{}, fmt.Errorf("check customer: plan %q is none of %v", n.Plan, Plans())
	}
	if !slices.Contains(HomeRegions(), n.HomeRegion) {
		return Customer{}, fmt.Errorf("check customer: home region %q is none of %v", n.HomeRegion, HomeRegions())
	}
	id := CustomerID(n.Tenant)
	return Customer{ID: id, NewCustomer: n, Cell: cell.Of(id, Cells), CreatedAt: created}, nil
}
