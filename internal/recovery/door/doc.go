// Package door is how programs and people reach the recovery wing.
package door
