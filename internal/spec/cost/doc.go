// Package cost prices a declared platform from a table, and holds the sum against the
// platform's budget (row 7.1.13).
//
// It is pure: (platform, table) → [Bill]. Each [Line] is quantity × unit price × the
// units of a year, with the arithmetic written out; sums are sums of lines, so that
// nothing is in a total that is not on a line.
//
// Numbers of a table carry their source. Where nobody could find one the source is the
// word assumption, and the bill lists each assumption that it rests on. What the platform
// file does not declare, such as a customer's load, is a size of the table: the bill says
// which value each size would need, all else unchanged, for the budget to be met exactly
// (see [Lever]).
package cost
