// Package plain answers a subset of SQL over the journal's tables in pure Go.
//
//	SELECT item, … FROM entries [WHERE …] [GROUP BY …] [ORDER BY … [ASC|DESC] [NULLS FIRST|LAST]] [LIMIT n]
//
// An item is *, a column, data->>'$.field', count(*), count(x), count(distinct x), min(x)
// or max(x), with AS or without. WHERE knows = != <> < <= > >= [NOT] LIKE, [NOT] IN,
// [NOT] BETWEEN, IS [NOT] NULL, AND, OR, NOT and brackets; one side of a comparison is a
// literal. Everything else is refused with the part that it is about. What it answers, it
// answers as DuckDB would; querytest holds both to that.
//
// It reads only the columns that a question needs, row group by row group, two at a time.
// Row groups are passed over by index, by the bounds of their times, and by their filters.
package plain
