package client

import (
	"context"
	"net/http"
)

// Items is one page of a list, as the API answers.
type Items[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"` // where the next page begins; empty: this is the last
}

// List reads a list of one page.
func List[T any](ctx context.Context, c *Client, path string) (Items[T], error) {
	var l Items[T]
	return l, c.Call(ctx, http.MethodGet, path, "", nil, &l)
}
