package main

import "fmt"

// question is one of the issue's, about something else in each round.
type question struct {
	name string
	sql  func(round int) string
}

func questions(size uint64) []question {
	at := func(round int) uint64 { return draw(uint64(round), 'q', size) } //nolint:gosec // small
	return []question{
		{"by index", func(r int) string { return fmt.Sprintf("select * from entries where index = %d", at(r)) }},
		{"actor and day", func(r int) string {
			day := epoch().AddDate(0, 0, r%max(1, int(size/1728000))) //nolint:gosec // small
			return fmt.Sprintf("select index, time, kind, subject from entries where actor = '%s' and time >= '%s' and time < '%s' order by index", actor(at(r)), day.Format("2006-01-02"), day.AddDate(0, 0, 1).Format("2006-01-02"))
		}},
		{"actor and day, counted", func(r int) string {
			day := epoch().AddDate(0, 0, r%max(1, int(size/1728000))) //nolint:gosec // small
			return fmt.Sprintf("select kind, count(*) as n from entries where actor = '%s' and time >= '%s' and time < '%s' group by kind", actor(at(r)), day.Format("2006-01-02"), day.AddDate(0, 0, 1).Format("2006-01-02"))
		}},
		{"any id, there", func(r int) string {
			return fmt.Sprintf("select * from entries where operation = '%s'", id(at(r)))
		}},
		{"any id, not there", func(r int) string {
			return fmt.Sprintf("select * from entries where operation = '%s'", id(size*7+at(r)))
		}},
		{"group by kind", func(int) string {
			return "select kind, count(*) as n from entries group by kind order by n desc"
		}},
		{"group by actor and kind", func(int) string {
			return "select actor, kind, count(*) as n, max(time) as last from entries group by actor, kind order by n desc limit 10"
		}},
		{"the newest 20", func(int) string { return "select * from entries order by index desc limit 20" }},
	}
}
