package serve

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/greenlang/store"
)

type customerOutput struct {
	Status int
	Cell   string `header:"X-Cell" doc:"the customer's cell"`
	Body   greenlang.Customer
}

type customerID struct {
	ID string `path:"id" pattern:"^cus_[0-9a-f]{20}$"`
}

type rateOutput struct {
	Body struct {
		Known bool  `json:"known" doc:"false when Redis cannot be asked"`
		Runs  int64 `json:"runs_this_minute" doc:"new runs counted in the current minute; information, not an account"`
	}
}

func (a *api) registerCustomers(h huma.API) {
	huma.Register(h, op("create-customer", http.MethodPost, "/v1/customers", "Create a customer; the tenant name is the key", http.StatusCreated), a.createCustomer)
	huma.Register(h, op("list-customers", http.MethodGet, "/v1/customers", "List customers by id", http.StatusOK), a.listCustomers)
	huma.Register(h, op("get-customer", http.MethodGet, "/v1/customers/{id}", "Get a customer", http.StatusOK), a.getCustomer)
	huma.Register(h, op("get-customer-rate", http.MethodGet, "/v1/customers/{id}/rate", "Get a customer's runs of this minute", http.StatusOK), a.getRate)
}

func (a *api) createCustomer(ctx context.Context, in *struct{ Body greenlang.NewCustomer }) (*customerOutput, error) {
	c, err := in.Body.Customer(time.Time{}) // PostgreSQL's clock will tell
	if err != nil {
		return nil, invalid(err)
	}
	c, created, err := a.store.CreateCustomer(ctx, c)
	if err != nil {
		return nil, a.refuse(ctx, err)
	}
	if created {
		a.cache.Forget(ctx, keyPrefix("customer")+c.ID) // its absence may be remembered
	}
	if err := a.auditCustomer(ctx, c, created); err != nil {
		return nil, err
	}
	return &customerOutput{Status: madeStatus(created), Cell: strconv.Itoa(c.Cell), Body: c}, nil
}

func (a *api) getCustomer(ctx context.Context, in *customerID) (*customerOutput, error) {
	c, err := cached(ctx, a, "customer", keyPrefix("customer")+in.ID, func() (greenlang.Customer, error) { return a.store.Customer(ctx, in.ID) })
	if err != nil {
		return nil, a.refuse(ctx, err)
	}
	return &customerOutput{Status: http.StatusOK, Cell: strconv.Itoa(c.Cell), Body: c}, nil
}

type customerList struct {
	Paging
	Region greenlang.Region `query:"region" enum:"us-east-1,eu-west-1,ap-southeast-1"`
	Plan   greenlang.Plan   `query:"plan" enum:"free,team,business,enterprise"`
}

func (a *api) listCustomers(ctx context.Context, in *customerList) (*pageOutput[greenlang.Customer], error) {
	f := store.CustomerFilter{Region: in.Region, Plan: in.Plan}
	fetch := func(ctx context.Context, after []string, limit int) ([]greenlang.Customer, error) {
		return a.store.Customers(ctx, f, after[0], limit)
	}
	scope := []string{"customers", string(in.Region), string(in.Plan)}
	return list(ctx, a, in.Paging, scope, 1, fetch, func(c greenlang.Customer) []string { return []string{c.ID} })
}

func (a *api) getRate(ctx context.Context, in *customerID) (*rateOutput, error) {
	out := &rateOutput{}
	out.Body.Runs, out.Body.Known = a.cache.RunsInMinute(ctx, in.ID, time.Now())
	return out, nil
}
