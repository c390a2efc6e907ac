package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Parse reads one configuration from JSON and validates it. Unknown fields and
// anything after the document are errors: a field nobody reads is a promise
// nobody keeps.
func Parse(data []byte) (Config, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var c Config
	if err := decoder.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("parse edge configuration: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Config{}, errors.New("parse edge configuration: something follows the document; send exactly one")
	}
	if err := c.Validate(); err != nil {
		return Config{}, err
	}
	return c, nil
}
